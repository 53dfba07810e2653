/** What generated schemas, documents and worlds may contain: a known fault is passed by switching off what shows it. */
export interface Features {
  /** Lists whose elements are of another type on each type that implements the interface. */
  readonly covariantLists: boolean;
  /** Arguments of the scalar JSON in templates of keys, where `1` and `"1"` are two values. */
  readonly jsonKeys: boolean;
  /** Resolvers that change what their parent holds: Dates only, lists too, or nothing. */
  readonly mutatingResolvers: 'all' | 'dates' | 'none';
  readonly privateFields: boolean;
  /** Fields, origins and mutations that throw for some ids. */
  readonly throwing: boolean;
  readonly readThrough: boolean;
  readonly prefetch: boolean;
  /** Mutations between the queries. */
  readonly writes: boolean;
  /** Several requests at the same time. */
  readonly parallel: boolean;
  readonly fragments: boolean;
  /** `@skip` and `@include`. */
  readonly conditions: boolean;
  /** Contexts whose methods use private fields of their class. */
  readonly contextMethods: boolean;
  /** PUBLIC fields that look at the viewer all the same; in production only, where it is answered and not stored. */
  readonly forgetfulFields: boolean;
  /** Fields that are switched off, and stores that evict most of what they get. */
  readonly settings: boolean;
  /** Fields that vary by tenant or locale. */
  readonly vary: boolean;
  /** Copies for some seconds that are not proven. */
  readonly local: boolean;
  /** Code around the cache that changes lists, arguments, or who asks. */
  readonly codeAround: boolean;
}

export const allFeatures: Features = Object.freeze({
  covariantLists: true,
  jsonKeys: true,
  mutatingResolvers: 'all',
  privateFields: true,
  throwing: true,
  readThrough: true,
  prefetch: true,
  writes: true,
  parallel: true,
  fragments: true,
  conditions: true,
  contextMethods: true,
  forgetfulFields: true,
  settings: true,
  vary: true,
  local: true,
  codeAround: true,
});
