import {
  getNullableType,
  GraphQLError,
  isAbstractType,
  isEnumType,
  isListType,
  isObjectType,
  responsePathAsArray,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hashOf } from '../../properties/seeded-random.js';

/** How often something odd happens, of 1000. */
export interface Oddness {
  readonly errors: number;
  readonly waits: number;
  readonly odd: number;
}

interface Called {
  readonly source: unknown;
  readonly context: unknown;
  readonly info: GraphQLResolveInfo;
  readonly args?: unknown;
}

/** What a schema may throw. */
const thrownThings: readonly ((text: string) => unknown)[] = [
  (text) => new Error(text),
  (text) => new GraphQLError(text, { extensions: { code: 'NONE', text } }),
  (text) => new GraphQLError(text, { path: ['elsewhere', 1] }),
  (text) => Object.assign(new TypeError(text), { extensions: { kind: 'type' } }),
  (text) => text,
  () => null,
  (text) => ({ text }),
];

const KEY = Symbol('key');

/** What tells a value of the world from others. */
export function keyOf(source: unknown): string {
  if (typeof source !== 'object' || source === null) return String(source);
  return KEY in source ? String(source[KEY]) : 'root';
}

/** A world in which each value, its time and its faults follow from its place: two executions of a query meet the same. */
export class HostileValues {
  readonly calls: string[] = [];
  schema: GraphQLSchema | undefined;
  #turns = 0;
  readonly #seed: string;
  readonly #oddness: Oddness;

  constructor(seed: number, oddness: Oddness) {
    this.#seed = `${seed}`;
    this.#oddness = oddness;
  }

  /** Everything that a call is given, and when. */
  note(what: string, { source, context, info, args }: Called): void {
    const { path, fieldNodes, fragments, variableValues, operation } = info;
    const typenames: (string | undefined)[] = [];
    for (let place: GraphQLResolveInfo['path'] | undefined = path; place; place = place.prev)
      typenames.push(place.typename);
    const told = [
      ...[what, `${info.parentType.name}.${info.fieldName}`, String(info.returnType), keyOf(source)],
      ...[
        responsePathAsArray(path),
        typenames,
        args,
        args && Object.getPrototypeOf(args) === Object.prototype,
      ],
      ...[
        fieldNodes.map(({ loc }) => loc?.start),
        Object.keys(fragments),
        variableValues,
        operation.name?.value,
      ],
      ...[Object.keys(info), info.schema === this.schema, keyOf(info.rootValue), context],
    ];
    this.calls.push(JSON.stringify(told));
  }

  /** What a resolver returns, or throws. */
  of(type: GraphQLOutputType, key: string): unknown {
    return this.#timed(key, () => this.#value(type, key));
  }

  truth(key: string, otherwise: boolean): unknown {
    const lies = this.#roll(`${key} lies`, 1000) < this.#oddness.errors;
    return this.#timed(key, () => (lies ? !otherwise : otherwise));
  }

  typeName(key: string, source: unknown): unknown {
    const names: readonly unknown[] = [
      undefined,
      'Nothing',
      'Node',
      'T0',
      7,
      this.schema?.getType('T1'),
      null,
    ];
    const isOdd = this.#roll(`${key} names`, 1000) < this.#oddness.odd;
    const name: unknown =
      typeof source === 'object' && source !== null ? Reflect.get(source, '__typename') : undefined;
    return this.#timed(key, () => (isOdd ? names[this.#roll(`${key} which`, names.length)] : name));
  }

  serialized(value: unknown): unknown {
    const key = JSON.stringify(value) ?? 'nothing';
    if (this.#roll(`${key} serialize`, 1000) < this.#oddness.odd) {
      return [null, undefined, Promise.resolve(value)][this.#roll(`${key} as`, 3)];
    }
    this.#mayThrow(`${key} leaves`);
    return value;
  }

  /** Once nothing waits for a turn of the event loop any more, abandoned parts of answers neither. */
  async rest(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet += 1) {
      if (this.#turns > 0) quiet = 0;
      await nextTurn();
    }
  }

  async #nextTurn(): Promise<void> {
    this.#turns += 1;
    await nextTurn();
    this.#turns -= 1;
  }

  #roll(text: string, sides: number): number {
    return hashOf(`${this.#seed} ${text}`) % sides;
  }

  #thrown(key: string): unknown {
    return thrownThings[this.#roll(`${key} thing`, thrownThings.length)]?.(key);
  }

  #mayThrow(key: string): void {
    if (this.#roll(`${key} throws`, 1000) < this.#oddness.errors) throw this.#thrown(key);
  }

  /** At once, or some steps later, by a promise or by what only looks like one. */
  #timed(key: string, make: () => unknown): unknown {
    const made = (): unknown => {
      this.#mayThrow(key);
      return make();
    };
    if (this.#roll(`${key} waits`, 1000) >= this.#oddness.waits) return made();
    const steps = this.#roll(`${key} steps`, 7);
    const kind = this.#roll(`${key} promise`, 12);
    if (kind === 0) return thenable(() => later(steps, made));
    if (kind === 1) return new Later((done, failed) => void later(steps, made).then(done, failed));
    if (kind === 2) return later(steps, () => this.#nextTurn()).then(made);
    if (kind === 3) return settledNow(made);
    return later(steps, made);
  }

  #value(given: GraphQLOutputType, key: string): unknown {
    const type = getNullableType(given);
    const isOdd = this.#roll(`${key} odd`, 1000) < this.#oddness.odd;
    if (isOdd) return ODD[this.#roll(`${key} which`, ODD.length)]?.(key);
    if (this.#roll(`${key} nothing`, 12) === 0) return given === type ? null : undefined;
    if (isListType(type)) return this.#list(type.ofType, key);
    if (isObjectType(type)) return this.#object(type, key);
    if (isAbstractType(type)) {
      const possible = this.schema?.getPossibleTypes(type) ?? [];
      const chosen = possible[this.#roll(`${key} type`, possible.length)];
      return chosen && this.#object(chosen, key);
    }
    if (isEnumType(type)) return type.getValues()[this.#roll(key, 3)]?.value;
    const number = this.#roll(key, 1000);
    switch (type.name) {
      case 'Int':
        return [number, -number, `${number}`, number === 1 ? 2 ** 31 : number, true][number % 5];
      case 'Float':
        return [number / 8, number, `${number / 4}`, -0][number % 4];
      case 'Boolean':
        return [true, false, number % 7][number % 3];
      case 'JSON':
        return [number, key, { key }, [key], false][number % 5];
      default:
        return [key, number, '', `${number}`][number % 4];
    }
  }

  #list(item: GraphQLOutputType, key: string): unknown {
    const length = this.#roll(`${key} length`, 5);
    const items = Array.from({ length }, (_, place) => {
      try {
        return this.#timed(`${key}[${place}]`, () => this.#value(item, `${key}[${place}]`));
      } catch (error) {
        return error instanceof Error ? error : null;
      }
    });
    switch (this.#roll(`${key} kind`, 14)) {
      case 0:
        return new Set(items);
      case 1:
        return (function* () {
          yield* items;
        })();
      case 2:
        return (function* () {
          yield* items.slice(0, 1);
          throw new Error(`${key} ends early`);
        })();
      default:
        return items;
    }
  }

  #object(type: GraphQLObjectType, key: string): object {
    const object = { __typename: type.name, [KEY]: key };
    if (this.#roll(`${key} nameless`, 1000) < this.#oddness.odd) Reflect.deleteProperty(object, '__typename');
    for (const { name, type: of } of Object.values(type.getFields())) {
      const get = (): unknown => this.of(of, `${key}.${name}`);
      const kind = this.#roll(`${key} ${name} kept`, 10);
      const method = (args: unknown, context: unknown, info: GraphQLResolveInfo): unknown => {
        this.note('method', { source: object, args, context, info });
        return get();
      };
      Object.defineProperty(object, name, kind === 0 ? { value: method } : { get });
    }
    return object;
  }
}

const ODD: readonly ((key: string) => unknown)[] = [
  () => null,
  () => undefined,
  () => '',
  (key) => key,
  () => Number.NaN,
  () => ({}),
  () => [],
  () => [null, undefined],
  () => Symbol('odd'),
  () => 10n,
  (key) => new Error(`${key} is an error`),
  (key) => [new Error(`${key} holds an error`)],
  () => () => 'called',
  () => new Date(0),
  () => ({ valueOf: () => 5 }),
  () => Object.create(null),
];

/** Settles after so many microtasks. */
function later(steps: number, make: () => unknown): Promise<unknown> {
  let promise: Promise<unknown> = Promise.resolve();
  for (let step = 0; step < steps; step += 1) promise = promise.then(() => undefined);
  return promise.then(make);
}

/** What has nothing of a promise but its `then`. */
function thenable(make: () => Promise<unknown>): object {
  return {
    then: (...callbacks: Parameters<Promise<unknown>['then']>): Promise<unknown> => make().then(...callbacks),
  };
}

/** A promise that is settled already. */
function settledNow(make: () => unknown): Promise<unknown> {
  try {
    return Promise.resolve(make());
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

/** A promise of a class of its own. */
class Later<T> extends Promise<T> {}
