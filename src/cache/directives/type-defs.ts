import { buildSchema, isSpecifiedDirective, type GraphQLDirective } from 'graphql';

/** The engine's SDL: add it to the type definitions of any schema whose fields are to be cached. */
export const cacheTypeDefs = /* GraphQL */ `
  "How a field is cached. Query and object fields take the read patterns, Mutation fields the write patterns."
  enum CachePattern {
    "Hit, or the resolver loads and the entry is stored."
    CACHE_ASIDE
    "Hit, or the engine asks the registered origin, for many keys at once; the field needs no resolver."
    READ_THROUGH
    "The resolver commits, then the engine stores the returned row before the client is answered."
    WRITE_THROUGH
    "The new state goes into the cache and the journal in one step; flushers write it to the database."
    WRITE_BEHIND
    "Served from entries that are kept warm before anyone asks."
    PREFETCH
    "WRITE_THROUGH where the entry is hot, only invalidation where it is not."
    HYBRID
  }

  "Whose answer an entry holds."
  enum CacheScope {
    "One entry for everybody; the load cannot see the viewer."
    PUBLIC
    "One entry per viewer; without a viewer nothing is stored."
    PRIVATE
  }

  "Caches what the resolver of this field returns; on a type with a key of a subgraph, what its references resolve to. All faults are reported together at start-up."
  directive @cached(
    "Seconds an entry is fresh; greater than 0: nothing is immortal."
    ttl: Int!
    "The caching pattern of this field."
    pattern: CachePattern! = CACHE_ASIDE
    "Whether all viewers share an entry."
    scope: CacheScope! = PUBLIC
    "Key template such as Movie:{args.id}; by default the coordinate, the parent's id and the arguments."
    key: String
    "Tag templates the entry depends on; its own key is always a tag too."
    tags: [String!]! = []
    "What else decides the value, by names that createCache declares in vary: one entry for each value. Writes reach all of them."
    vary: [String!]! = []
    "Names of varyAll in createCache that do not decide the value of this field: all of them share its entries."
    sameFor: [String!]! = []
    "Seconds past ttl in which a stale value is served while one flight refreshes it."
    swr: Int! = 0
    "Seconds past ttl in which a stale value is served when the load fails."
    staleIfError: Int! = 0
    "Milliseconds a reader waits for a load where a stale value within staleIfError could answer; default: its end."
    softTimeoutMs: Int
    "Seconds a null is kept, whatever swr and staleIfError are; default max(1, ttl / 10)."
    negativeTtl: Int
    "PREFETCH: seconds between background refreshes; default ttl * 0.8."
    refreshEvery: Int
    "Seconds a process may answer from its own copy without asking the store at all."
    local: Int! = 0
    "Values larger than this many bytes are answered, counted and not stored."
    maxBytes: Int! = 102400
  ) on FIELD_DEFINITION | OBJECT

  "Invalidates these tags once the mutation has committed and before its client is answered."
  directive @invalidates(
    "Tag templates; may use {args.x}, {viewer.id} and {result.x}."
    tags: [String!]!
  ) repeatable on FIELD_DEFINITION
`;

/**
 * The engine's directives as objects, for the `directives` of a code-first schema: so that they are printed with it, and may
 * be used in it as SDL. What stands in extensions needs no definition.
 */
export const cacheDirectives: readonly GraphQLDirective[] = /* @__PURE__ */ definedIn(cacheTypeDefs);

function definedIn(typeDefs: string): readonly GraphQLDirective[] {
  return buildSchema(typeDefs)
    .getDirectives()
    .filter((directive) => !isSpecifiedDirective(directive));
}
