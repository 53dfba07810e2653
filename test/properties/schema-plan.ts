/** An argument of a field, as SDL. */
export interface ArgumentPlan {
  readonly name: string;
  readonly type: string;
  /** The default as SDL; undefined where there is none. */
  readonly defaultText: string | undefined;
}

/** Where a field's answer comes from. */
export type Answer =
  /** The parent holds it; `mutates` says that the resolver changes what the parent holds. */
  { readonly by: 'property'; readonly mutates: boolean } | Resolved | FromOrigin | Written;

/** A resolver computes it from a few inputs, which are all that its key names. */
export interface Resolved {
  readonly by: 'resolver';
  /** Fields that share it and have equal inputs answer the same. */
  readonly identity: string;
  /** `parent.id`, `args.x`, `args` for all of them, `viewer.id`. */
  readonly inputs: readonly string[];
  /** Templates of what changes the answer once a mutation has touched it. */
  readonly subjects: readonly string[];
  readonly throws: boolean;
  /** Whether a PUBLIC field looks at the viewer, which it must not. */
  readonly looksAtViewer: 'never' | 'sometimes' | 'always';
  /** Whether it returns a promise, or a list of promises. */
  readonly waits: 'not' | 'for all' | 'for elements';
}

/** The origin of a namespace knows it under one id, or under each of a list of ids. */
export interface FromOrigin {
  readonly by: 'origin';
  readonly namespace: string;
  readonly id: string;
}

/** A mutation touches subjects and returns a row, or a number. */
export interface Written {
  readonly by: 'write';
  readonly touches: readonly string[];
  /** Returns the row of this namespace with the id of `args.id`. */
  readonly namespace: string | undefined;
  /** True where what it invalidates is named by what it returns. */
  readonly needsResult: boolean;
  readonly throws: boolean;
}

export interface FieldPlan {
  readonly coordinate: string;
  readonly name: string;
  readonly type: string;
  readonly args: readonly ArgumentPlan[];
  /** As SDL. */
  readonly directives: string;
  readonly answer: Answer;
  readonly isPrivate: boolean;
}

/** What rows a namespace holds. */
export interface NamespacePlan {
  readonly namespace: string;
  readonly type: string;
  readonly isPrivate: boolean;
  /** Static tags that all readers and writers declare. */
  readonly tags: readonly string[];
  /** What its rows vary by. */
  readonly vary: readonly string[];
  /** Whether its origin looks at the viewer although it is PUBLIC; nothing writes such rows. */
  readonly looksAtViewer: boolean;
}

/** A generated schema: its SDL, and how each of its fields answers. */
export interface SchemaPlan {
  readonly sdl: string;
  readonly fields: ReadonlyMap<string, FieldPlan>;
  readonly namespaces: ReadonlyMap<string, NamespacePlan>;
  /** Whether the origins have ids that fail. */
  readonly originsThrow: boolean;
}
