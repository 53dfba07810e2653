import {
  defaultFieldResolver,
  getNamedType,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  TypeNameMetaFieldDef,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from 'graphql';
import { argumentsPlanOf } from './arguments-plan.js';
import { collectFields, type CollectOptions } from './collect-fields.js';
import { Guards } from './guards.js';
import type { FieldPlan, ObjectPlan, ObjectShape, PlainLeaf, Shape, TypePlan } from './plan.js';
import { plainLeafOf } from './plain-leaf.js';

export interface CompilerOptions extends CollectOptions {
  /** Fields that may be kept; what comes beyond is made for one use, as graphql-js does. */
  readonly maxFields: number;
  /** So many fields more are kept. */
  readonly onGrown: (fields: number) => void;
  /** More was asked for than may be kept. */
  readonly onFull: () => void;
}

/** Makes plans of selections when they are first needed, and keeps what may change below them. */
export class Compiler {
  readonly guards = new Guards();
  readonly #options: CompilerOptions;
  #fields = 0;

  constructor(options: CompilerOptions) {
    this.#options = options;
  }

  /** Those that were made, which are kept as long as they are no more than may be. */
  get fields(): number {
    return this.#fields;
  }

  planOf(shape: ObjectShape): ObjectPlan {
    if (shape.plan !== undefined) return shape.plan;
    const sets = shape.nodes.map(({ selectionSet }) => selectionSet);
    const before = this.#fields;
    const plan = this.compile(shape.type, sets);
    const { maxFields, onGrown, onFull } = this.#options;
    if (this.#fields > maxFields) {
      onFull();
      return plan;
    }
    shape.plan = plan;
    onGrown(this.#fields - before);
    return plan;
  }

  compile(
    type: GraphQLObjectType,
    selectionSets: readonly (FieldNode['selectionSet'] | undefined)[],
  ): ObjectPlan {
    const collected = collectFields(this.#options, type, selectionSets);
    const fields = [...collected].flatMap(
      ([responseName, nodes]) => this.#field(type, responseName, nodes) ?? [],
    );
    return { type, fields };
  }

  /** Undefined for a field that the type does not have: graphql-js leaves it out. */
  #field(
    parentType: GraphQLObjectType,
    responseName: string,
    nodes: readonly FieldNode[],
  ): FieldPlan | undefined {
    const [node] = nodes;
    const name = node?.name.value ?? '';
    const index = this.#fields;
    this.#fields += 1;
    const parentName = parentType.name;
    const isTypename = name === TypeNameMetaFieldDef.name;
    const definition = isTypename ? TypeNameMetaFieldDef : parentType.getFields()[name];
    if (node === undefined || definition === undefined) return undefined;
    this.guards.add(definition, 'resolve');
    const resolve = isDefault(definition) ? undefined : definition.resolve;
    const type = this.#type(definition.type, nodes);
    const args = argumentsPlanOf(definition, node);
    const plain: PlainLeaf = type.shape.kind === 'leaf' ? type.shape.plain : 'none';
    const isProperty = resolve === undefined && args === 'none' && plain !== 'none';
    return {
      ...{ responseName, name, parentType, parentName, nodes, index },
      ...{ definition, type, args, plain, resolve },
      kind: isTypename ? 'typename' : isProperty ? 'property' : 'call',
      needsInfo: resolve !== undefined || this.#looksAtInfo(definition.type),
    };
  }

  #type(given: GraphQLOutputType, nodes: readonly FieldNode[]): TypePlan {
    return isNonNullType(given)
      ? { isNonNull: true, shape: this.#shape(given.ofType, nodes) }
      : { isNonNull: false, shape: this.#shape(given, nodes) };
  }

  #shape(type: GraphQLOutputType, nodes: readonly FieldNode[]): Shape {
    if (isListType(type)) return { kind: 'list', item: this.#type(type.ofType, nodes) };
    if (isLeafType(type)) {
      this.guards.add(type, 'serialize');
      const plain = plainLeafOf(type);
      return { kind: 'leaf', type, plain, mayWait: plain === 'none' && !isEnumType(type) };
    }
    if (isObjectType(type)) {
      this.guards.add(type, 'isTypeOf');
      return { kind: 'object', type, nodes, plan: undefined };
    }
    if (isAbstractType(type)) {
      return { kind: 'abstract', type, nodes, isToldByName: !this.#looksAtInfo(type), shapes: new Map() };
    }
    throw new Error(`a field cannot have the type ${String(type)}`);
  }

  /** Whether a function of the schema tells what type a value is of. */
  #looksAtInfo(given: GraphQLOutputType): boolean {
    const type = getNamedType(given);
    if (isObjectType(type)) return type.isTypeOf != null;
    if (!isAbstractType(type)) return false;
    this.guards.add(type, 'resolveType');
    const possible = this.#options.schema.getPossibleTypes(type);
    for (const one of possible) this.guards.add(one, 'isTypeOf');
    return type.resolveType != null || possible.some(({ isTypeOf }) => isTypeOf != null);
  }
}

function isDefault({ resolve }: GraphQLField<unknown, unknown>): boolean {
  return resolve == null || resolve === defaultFieldResolver;
}
