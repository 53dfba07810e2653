/** What is counted of one field, and of all. */
const figures = `
    "Reads."
    requests: Float!
    "The part of them that an entry answered, 0 to 1; null where there was none."
    hitRate: Float
    "How they ended."
    outcomes: CacheOutcomes!
    "Fresh hits, of a sample."
    hitMs: CachePercentiles!
    "Loads."
    loadMs: CachePercentiles!
    "Reads of a store that is not in the process, of a sample."
    storeMs: CachePercentiles!
    "Calls of origins and resolvers."
    loads: Float!
    "Those that failed."
    failedLoads: Float!
    "Reads that needed no load of their own."
    loadsAvoided: Float!
    "Milliseconds of loading that hits made unnecessary."
    savedMs: Float!
`;

/** The schema part of `graphql-corral/admin`: add it to your type definitions, and `cacheAdminResolvers` to your resolvers. */
export const cacheAdminTypeDefs = /* GraphQL */ `
  extend type Query {
    "What the cache did, in all processes that share its store, and how it is. For those who look after it."
    cacheReport("The last so many minutes, 1 to 60; without it all that is known." since: Int): CacheReport!
    "What the store has under a key, without the value. For those who look after it."
    cacheEntry("As the evidence of an answer names it." key: String!): CacheEntry!
    "What the cache would do for an operation, without running it. For those who look after it."
    explainOperation(
      "One operation, with its fragments."
      document: String!
      "Its variables, as JSON."
      variables: String
    ): CacheExplanation!
  }

  extend type Mutation {
    "Ends all entries that depend on these tags. For those who look after the cache."
    purgeCache(
      "Such as Movie:42, or * for everything, which must be confirmed."
      tags: [String!]!
      "The word that the first answer asks for."
      confirm: String
    ): CachePurge
    "Loads what is missing of what is kept warm at a field. For those who look after the cache."
    warmCache("A field with the pattern PREFETCH, such as Query.topCharts." coordinate: String!): CacheDone
    "Has dead letters written once more, after their cause is gone; what is newer stays. For those who look after the cache."
    replayDeadLetters("Their keys." ids: [ID!]!): [CacheLetterOutcome!]
    "Gives dead letters up. For those who look after the cache."
    discardDeadLetters("Their keys." ids: [ID!]!): [CacheLetterOutcome!]
  }

  "What the cache did, and how it is."
  type CacheReport {
    "When it was made, in milliseconds since 1970."
    at: Float!
    "Processes that counted anything of it."
    processes: Int!
    "What a person should look at, each a sentence with what to do."
    warnings: [String!]!
    "Of all fields together."
    total: CacheFigures!
    "Whole operations, in milliseconds."
    operationMs: CachePercentiles!
    "By field, those with the most requests first."
    fields: [CacheFieldReport!]!
    "How the store is."
    store: CacheStoreReport!
    "What waits for the database."
    journal: CacheJournalReport!
    "The last minutes, the oldest first."
    history: [CacheMinute!]!
  }

  "How often reads ended how."
  type CacheOutcomes {
    "Answered with a fresh entry."
    hit: Float!
    "Answered with a stale entry while it was refreshed."
    stale: Float!
    "Answered with a stale entry as its load failed."
    staleOnError: Float!
    "Loaded."
    miss: Float!
    "Answered with the load of another reader."
    joined: Float!
    "Answered with the load of another process."
    waited: Float!
    "Had to be fresh, and waited for a load in spite of an entry."
    refreshed: Float!
    "Went past the cache."
    bypass: Float!
  }

  "The time, in milliseconds, within which so many of a hundred were done; null where nothing was measured."
  type CachePercentiles {
    "Half of them."
    p50: Float
    "95 of a hundred."
    p95: Float
    "99 of a hundred."
    p99: Float
  }

  "What was counted of all fields."
  type CacheFigures {
    ${figures}
  }

  "What was counted of one field."
  type CacheFieldReport {
    "The field, such as Query.movie, or where else it was counted."
    coordinate: String!
    "Its pattern; null for what is no cached field."
    pattern: String
    "Seconds for which its entries are fresh."
    ttl: Float
    "Seconds past that in which a stale value is served while it is refreshed."
    swr: Float
    ${figures}
    "Entries there now, where that is known; reckoned from a sample with Redis."
    entries: Float
    "Bytes that they take."
    bytes: Float
  }

  "How the store is."
  type CacheStoreReport {
    "memory or redis."
    name: String!
    "True while it cannot be reached."
    isAway: Boolean!
    "One small command, measured for this report, in milliseconds."
    roundTripMs: Float
    "Reads and claims of all processes, in milliseconds."
    roundTrips: CachePercentiles!
    "Bytes in use."
    usedBytes: Float
    "Their bound; 0 for none."
    maxBytes: Float
    "What leaves first where there is no room."
    evictionPolicy: String
    "Entries that left for want of room."
    evictions: Float
    "Of what the server was asked for, the part that it had: all that use it count."
    serverHitRate: Float
  }

  "What waits for the database."
  type CacheJournalReport {
    "Accepted writes that the database does not have yet; null while the journal is away."
    pending: Float
    "Those that the database refuses for good."
    deadLetters: Float
    "How long the oldest is overdue, in milliseconds."
    overdueMs: Float
    "Writes that are accepted a minute."
    acceptedPerMinute: Float!
    "Writes that the database has, of those that were accepted."
    flushed: Float!
  }

  "One minute of the past."
  type CacheMinute {
    "When it began, in milliseconds since 1970."
    at: Float!
    "Reads of fields."
    requests: Float!
    "The part of them that an entry answered."
    hitRate: Float
    "Calls of origins and resolvers."
    loads: Float!
  }

  "An entry, without its value."
  type CacheEntry {
    "Its key."
    key: String!
    "fresh, stale, or ended by an invalidation of its key."
    state: String!
    "What the store has of it."
    bytes: Float!
    "Since it was loaded, in milliseconds."
    ageMs: Float!
    "For how long it is fresh, in milliseconds."
    freshForMs: Float!
    "How long its load took, in milliseconds."
    loadMs: Float!
    "Tags that it depends on, besides its key."
    tags: Int!
  }

  "What the cache would do for an operation."
  type CacheExplanation {
    "How often the store would be asked where every entry is there."
    storeRoundTrips: Int!
    "Its cached fields."
    fields: [CacheExplainedField!]!
  }

  "A cached field of an operation."
  type CacheExplainedField {
    "Where it stands in the answer."
    path: String!
    "The field of the schema."
    coordinate: String!
    "Its pattern."
    pattern: String!
    "Seconds for which its entries are fresh."
    ttl: Float!
    "The key of its entry; the template where that depends on its parent."
    key: String!
    "What else ends the entry; where that depends on its parent, the namespaces."
    tags: [String!]!
    "Why it would go past the cache."
    reason: String
  }

  "What became of a purge."
  type CachePurge {
    "False where it must be confirmed first."
    isDone: Boolean!
    "What happened, or what to do."
    message: String!
  }

  "That something was done."
  type CacheDone {
    "What happened."
    message: String!
  }

  "What became of one dead letter."
  type CacheLetterOutcome {
    "The key of the letter."
    id: ID!
    "True where it was done."
    isDone: Boolean!
    "Why not, or what happened."
    message: String!
  }
`;
