import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { CachedArguments } from '../policy/field-site.js';
import { isObject } from './extension-directives.js';

type Parent = GraphQLObjectType | GraphQLInterfaceType;
type Field = GraphQLField<unknown, unknown>;

interface Site {
  readonly schema: GraphQLSchema;
  readonly parent: Parent;
  readonly field: Field;
  readonly cached: Pick<CachedArguments, 'pattern' | 'scope'>;
  /** True where `authorize` is set, which stands in for checks that are skipped. */
  readonly authorizes: boolean;
}

/**
 * Faults of a field whose resolver has a check inside, which hits would skip; each is the end of a sentence. Only what
 * leaves a mark on the schema is seen: a resolver that was wrapped otherwise looks like any other.
 */
export function innerCheckFaults({ schema, parent, field, cached, authorizes }: Site): string[] {
  const faults: string[] = [];
  if (optionsOf(field)['grantScopes'] !== undefined) {
    faults.push(
      'Pothos grants its grantScopes inside the resolver, which a hit skips, so that fields below it would be refused; grant them on a field that is not cached',
    );
  }
  // A PRIVATE entry is its viewer's own, who has passed the check; a READ_THROUGH field never runs its resolver.
  if (authorizes || (cached.scope === 'PRIVATE' && cached.pattern !== 'READ_THROUGH')) return faults;
  const skips = cached.pattern === 'READ_THROUGH' ? 'READ_THROUGH never runs' : 'a hit skips';
  const authorize = 'pass authorize to createCache, which is asked before a cached value is handed out';
  if (hasAuthScopes(parent, field)) {
    faults.push(
      `Pothos checks authScopes inside the resolver, which ${skips}; ${authorize}, or check around the schema that cache.apply returns`,
    );
  }
  if (hasMiddleware(schema) && field.resolve !== undefined && field.resolve !== defaultFieldResolver) {
    faults.push(
      `graphql-middleware, which graphql-shield uses, was applied before the cache, so that its checks lie inside the resolver, which ${skips}; write applyMiddleware(cache.apply(schema), …), or ${authorize}`,
    );
  }
  return faults;
}

/** Of the field, of its type and of the interfaces of that: in Pothos each field checks them all in its own resolver. */
function hasAuthScopes(parent: Parent, field: Field): boolean {
  const own = optionsOf(field);
  if (isSet(own['authScopes'])) return true;
  const type = optionsOf(parent);
  // Then they are checked before the object is handed on, which the cache is no part of.
  if (type['runScopesOnType'] === true) return false;
  if (isSet(type['authScopes']) && own['skipTypeScopes'] !== true) return true;
  if (own['skipInterfaceScopes'] === true || type['skipInterfaceScopes'] === true) return false;
  return parent.getInterfaces().some((one) => isSet(optionsOf(one)['authScopes']));
}

function optionsOf({ extensions }: Parent | Field): Readonly<Record<string, unknown>> {
  const options = extensions['pothosOptions'];
  return isObject(options) ? options : {};
}

function isSet(scopes: unknown): boolean {
  return scopes !== undefined && scopes !== null && scopes !== false;
}

/** The marks that `applyMiddleware` leaves on the schema that it returns. */
function hasMiddleware(schema: GraphQLSchema): boolean {
  return 'fragmentReplacements' in schema && 'schema' in schema;
}
