import type {
  FieldNode,
  GraphQLAbstractType,
  GraphQLField,
  GraphQLFieldResolver,
  GraphQLLeafType,
  GraphQLObjectType,
} from 'graphql';

/** Values that leave as they are, where the scalar is one of GraphQL's own: told by a look at the value. */
export type PlainLeaf = 'text' | 'int' | 'float' | 'boolean' | 'none';

/** What becomes of a value of one type, null aside. */
export type Shape =
  | {
      readonly kind: 'leaf';
      readonly type: GraphQLLeafType;
      readonly plain: PlainLeaf;
      readonly mayWait: boolean;
    }
  | { readonly kind: 'list'; readonly item: TypePlan }
  | ObjectShape
  | AbstractShape;

export interface ObjectShape {
  readonly kind: 'object';
  readonly type: GraphQLObjectType;
  readonly nodes: readonly FieldNode[];
  /** Made when the first value comes, as graphql-js does: what is never answered costs nothing. */
  plan: ObjectPlan | undefined;
}

export interface AbstractShape {
  readonly kind: 'abstract';
  readonly type: GraphQLAbstractType;
  readonly nodes: readonly FieldNode[];
  /** Whether only `__typename` tells the type. */
  readonly isToldByName: boolean;
  /** By the name of the type. */
  readonly shapes: Map<string, ObjectShape>;
}

export interface TypePlan {
  readonly isNonNull: boolean;
  readonly shape: Shape;
}

/** One field of a selection, merged and with its fragments resolved. */
export interface FieldPlan {
  readonly responseName: string;
  readonly name: string;
  /** `typename`: a constant; `property`: read from the parent, a leaf of GraphQL's own without arguments; `call`: all else. */
  readonly kind: 'typename' | 'property' | 'call';
  readonly plain: PlainLeaf;
  readonly parentType: GraphQLObjectType;
  readonly parentName: string;
  readonly type: TypePlan;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly nodes: readonly FieldNode[];
  /** Undefined where the default resolver reads it. */
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | undefined;
  readonly args: ArgumentsPlan;
  /** Whether code that is given `info` may be called. */
  readonly needsInfo: boolean;
  /** Its place in what one run remembers by field; each plan has its own. */
  readonly index: number;
}

/**
 * `none`; `flat`: nothing inside of the object can be changed by a resolver that could not be changed in graphql-js, so it is
 * coerced once in a run and copied for each call; `each`: coerced anew for each call.
 */
export type ArgumentsPlan = 'none' | 'flat' | 'each';

export interface ObjectPlan {
  readonly type: GraphQLObjectType;
  readonly fields: readonly FieldPlan[];
}
