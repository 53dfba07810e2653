/** What one request may ask for at most. Introspection is free of depth and cost; production has none. */
export const limits = {
  /** Fields within fields; fragments count as what they contain. */
  depth: 10,
  /** Fields that are given another name. */
  aliases: 30,
  /** Words and signs of the whole document. */
  tokens: 2_000,
  /** Of the whole document; those who send long texts have variables. */
  characters: 64 * 1024,
  /** Letters of a name: each row of an answer repeats the names of its fields. */
  nameLetters: 100,
  /** Pairs of fields of the same name that GraphQL must compare before they become one, see repeated-fields.ts. */
  comparisons: 3_000,
  /** Expected loads, see field-cost.ts. */
  cost: 2_000,
  /** Searches and reports that read whole tables: places in this process, what one client has of them, how long one waits. */
  scans: { inAll: 4, perClient: 2, waitingPerClient: 20, waitMs: 15_000 },
  /** Bytes of the body of a request. */
  bodyBytes: 256 * 1024,
  /** Milliseconds in which a request must have arrived as a whole. */
  requestMs: 30_000,
  /** Milliseconds for which a client may take nothing of an answer that is sent to it. */
  unreadMs: 30_000,
} as const;
