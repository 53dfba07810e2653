import {
  defaultFieldResolver,
  getNullableType,
  GraphQLEnumType,
  isAbstractType,
  isEnumType,
  isListType,
  isObjectType,
  isScalarType,
  specifiedScalarTypes,
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import {
  CHANGEABLE,
  freezeLeaf,
  freezeList,
  freezeOpenLeaf,
  freezeRow,
  type Freeze,
  type FrozenName,
} from '../codec/freeze-value.js';

export interface FrozenTypesOptions {
  /** Whether a field answers from the cache: then its resolver is given a copy of its parent. */
  readonly isCached: (coordinate: string) => boolean;
  /** Whether a value is an instance of a registered type that no reader can change. */
  readonly isImmutable: (value: object) => boolean;
}

const builtIn = new Map(specifiedScalarTypes.map((type) => [type.name, type.serialize]));

/**
 * Finds the types whose values no code but GraphQL's own and that of the cache looks at: all their fields are cached or
 * read by the default resolver, and so on to the leaves. Readers of such a type share one frozen value; readers of any
 * other are given copies.
 */
export class FrozenTypes {
  readonly #schema: GraphQLSchema;
  readonly #options: FrozenTypesOptions;
  readonly #openLeaf: Freeze;
  readonly #freezers = new Map<GraphQLOutputType, Freeze | undefined>();
  readonly #names = new Map<GraphQLObjectType, readonly FrozenName[]>();

  constructor(schema: GraphQLSchema, options: FrozenTypesOptions) {
    this.#schema = schema;
    this.#options = options;
    this.#openLeaf = freezeOpenLeaf(options.isImmutable);
  }

  /** What freezes the values of a type; undefined where other code may look at them. */
  freezerOf(type: GraphQLOutputType): Freeze | undefined {
    if (!this.#isClosed(type, new Set())) return undefined;
    return this.#freezer(type);
  }

  #isClosed(given: GraphQLOutputType, seen: Set<GraphQLOutputType>): boolean {
    const type = getNullableType(given);
    if (seen.has(type)) return true;
    seen.add(type);
    if (isListType(type)) return this.#isClosed(type.ofType, seen);
    if (isScalarType(type)) return true;
    if (isEnumType(type)) return type.serialize === GraphQLEnumType.prototype.serialize;
    if (isAbstractType(type)) {
      return (
        type.resolveType == null && this.#possible(type).every((possible) => this.#isClosed(possible, seen))
      );
    }
    if (!isObjectType(type) || type.isTypeOf != null) return false;
    return this.#readFields(type).every((field) => field.isDefault && this.#isClosed(field.type, seen));
  }

  /** The fields that are not cached. */
  #readFields(type: GraphQLObjectType): { name: string; type: GraphQLOutputType; isDefault: boolean }[] {
    return Object.values(type.getFields())
      .filter(({ name }) => !this.#options.isCached(`${type.name}.${name}`))
      .map(({ name, type: of, resolve }) => {
        return { name, type: of, isDefault: resolve === undefined || resolve === defaultFieldResolver };
      });
  }

  #possible(type: GraphQLAbstractType): readonly GraphQLObjectType[] {
    return this.#schema.getPossibleTypes(type);
  }

  #freezer(given: GraphQLOutputType): Freeze {
    const type = getNullableType(given);
    const known = this.#freezers.get(type);
    if (known !== undefined) return known;
    const freezer = this.#makeFreezer(type);
    this.#freezers.set(type, freezer);
    return freezer;
  }

  #makeFreezer(type: GraphQLOutputType): Freeze {
    if (isListType(type)) return freezeList(this.#freezer(type.ofType));
    if (isScalarType(type)) return builtIn.get(type.name) === type.serialize ? freezeLeaf : this.#openLeaf;
    if (isAbstractType(type)) return this.#freezeByName(type);
    return isObjectType(type) ? freezeRow(() => this.#namesOf(type)) : freezeLeaf;
  }

  #freezeByName(type: GraphQLAbstractType): Freeze {
    const byName = new Map(this.#possible(type).map((possible) => [possible.name, possible]));
    return (value) => {
      const name: unknown = typeof value === 'object' && value !== null && Reflect.get(value, '__typename');
      const possible = typeof name === 'string' ? byName.get(name) : undefined;
      return possible === undefined ? CHANGEABLE : this.#freezer(possible)(value);
    };
  }

  /** Found when the first value is frozen, as types refer to each other in circles. */
  #namesOf(type: GraphQLObjectType): readonly FrozenName[] {
    let names = this.#names.get(type);
    if (names === undefined) {
      names = this.#readFields(type)
        .map(({ name, type: of }) => ({ name, freeze: this.#freezer(of) }))
        .filter(({ freeze }) => freeze !== freezeLeaf);
      this.#names.set(type, names);
    }
    return names;
  }
}
