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
  type GraphQLScalarType,
  type GraphQLSchema,
} from 'graphql';
import { isPlainDate, onlyReadsDates } from '../codec/fixed-date.js';
import { isObject } from './extension-directives.js';

export interface ClosedTypesOptions {
  /** Whether a field answers from the cache: then its resolver is given a copy of its parent. */
  readonly isCached: (coordinate: string) => boolean;
  /** Whether a value is an instance of a registered type that no reader can change. */
  readonly isImmutable: (value: object) => boolean;
}

/** Whether no code of others is given a part of the value that it could change. */
type Check = (value: unknown) => boolean;

/** What does not depend on the value. */
const always: Check = () => true;

const builtIn = new Map(specifiedScalarTypes.map((type) => [type.name, type]));

/**
 * Finds the types whose values no code but GraphQL's own and that of the cache looks at: all their fields are cached or
 * read by the default resolver, and so on to the leaves. Readers of such a type share one frozen value; readers of any
 * other are given copies.
 */
export class ClosedTypes {
  readonly #schema: GraphQLSchema;
  readonly #options: ClosedTypesOptions;
  readonly #checks = new Map<GraphQLOutputType, Check>();
  readonly #names = new Map<GraphQLObjectType, readonly { readonly name: string; readonly check: Check }[]>();

  constructor(schema: GraphQLSchema, options: ClosedTypesOptions) {
    this.#schema = schema;
    this.#options = options;
  }

  /** What checks the values of a type; undefined where other code looks at them. */
  checkOf(type: GraphQLOutputType): Check | undefined {
    return this.#isClosed(type, new Set()) ? this.#check(type) : undefined;
  }

  #isClosed(given: GraphQLOutputType, seen: Set<GraphQLOutputType>): boolean {
    const type = getNullableType(given);
    if (seen.has(type)) return true;
    seen.add(type);
    if (isListType(type)) return this.#isClosed(type.ofType, seen);
    if (isScalarType(type)) return true;
    if (isEnumType(type)) return hasOutputOf(type, GraphQLEnumType.prototype);
    if (isAbstractType(type)) {
      return (
        type.resolveType == null && this.#possible(type).every((possible) => this.#isClosed(possible, seen))
      );
    }
    if (!isObjectType(type) || type.isTypeOf != null) return false;
    return this.#uncached(type).every(({ isDefault, type: of }) => isDefault && this.#isClosed(of, seen));
  }

  /** The fields that are read from the value itself. */
  #uncached(type: GraphQLObjectType): { name: string; type: GraphQLOutputType; isDefault: boolean }[] {
    return Object.values(type.getFields()).flatMap(({ name, type: of, resolve }) => {
      const isDefault = resolve === undefined || resolve === defaultFieldResolver;
      const isCached = !isDefault && this.#options.isCached(`${type.name}.${name}`);
      return isCached ? [] : [{ name, type: of, isDefault }];
    });
  }

  #possible(type: GraphQLAbstractType): readonly GraphQLObjectType[] {
    return this.#schema.getPossibleTypes(type);
  }

  #check(given: GraphQLOutputType): Check {
    const type = getNullableType(given);
    const known = this.#checks.get(type);
    if (known !== undefined) return known;
    const check = this.#makeCheck(type);
    this.#checks.set(type, check);
    return check;
  }

  #makeCheck(type: GraphQLOutputType): Check {
    if (isScalarType(type)) return this.#checkScalar(type);
    if (isListType(type)) return checkList(this.#check(type.ofType));
    if (isAbstractType(type)) return this.#checkByName(type);
    if (!isObjectType(type)) return always;
    return (value) =>
      !isObject(value) || this.#namesOf(type).every(({ name, check }) => check(Reflect.get(value, name)));
  }

  /** An object that a scalar hands on would be a part of the answer. Whether it sets Dates or hands them on is tried. */
  #checkScalar(type: GraphQLScalarType): Check {
    const original = builtIn.get(type.name);
    if (original !== undefined && hasOutputOf(type, original)) return always;
    const { isImmutable } = this.#options;
    const output: unknown = Reflect.get(type, 'coerceOutputValue') ?? type.serialize;
    const mayHaveDates =
      typeof output === 'function' && onlyReadsDates((date) => Reflect.apply(output, type, [date]));
    return (value) => !isObject(value) || (isPlainDate(value) ? mayHaveDates : isImmutable(value));
  }

  #checkByName(type: GraphQLAbstractType): Check {
    const byName = new Map(this.#possible(type).map((possible) => [possible.name, possible]));
    return (value) => {
      if (!isObject(value)) return true;
      const name: unknown = Reflect.get(value, '__typename');
      const possible = typeof name === 'string' ? byName.get(name) : undefined;
      return possible !== undefined && this.#check(possible)(value);
    };
  }

  /** Found when the first value is checked, as types refer to each other in circles. */
  #namesOf(type: GraphQLObjectType): readonly { readonly name: string; readonly check: Check }[] {
    let names = this.#names.get(type);
    if (names === undefined) {
      names = this.#uncached(type)
        .map(({ name, type: of }) => ({ name, check: this.#check(of) }))
        .filter(({ check }) => check !== always);
      this.#names.set(type, names);
    }
    return names;
  }
}

function checkList(check: Check): Check {
  if (check === always) return (value) => !isObject(value) || Array.isArray(value);
  return (value) => !isObject(value) || (Array.isArray(value) && value.every(check));
}

/** Whether values leave through the very functions of another type or prototype; graphql 17 has two names for it. */
function hasOutputOf(type: object, other: object): boolean {
  return ['serialize', 'coerceOutputValue'].every(
    (name) => Reflect.get(type, name) === Reflect.get(other, name),
  );
}
