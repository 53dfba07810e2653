import { isProxy } from 'node:util/types';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { isPromise, type MaybePromise } from '../maybe-promise.js';
import { answerData } from '../memo/answer-data.js';
import type { KeptAnswer } from '../memo/kept-answer.js';
import { operationIn } from '../memo/operation-in.js';
import type { ExecutionNotes, OperationMemo } from '../memo/operation-memo.js';
import type { OperationGiven } from '../memo/operation-plans.js';
import type { Freshness } from '../memo/recording.js';
import { createObjectNotes } from '../object-notes.js';
import { BoundedMap } from '../store/bounded-map.js';
import { Turns } from '../time/end-of-turn.js';
import { isAlone, isOfOwnRoute, isReply, reach } from './replies.js';

/** An answer of Mercurius. */
export interface MercuriusAnswer {
  readonly data?: unknown;
  readonly errors?: unknown;
  extensions?: Record<string, unknown>;
}

/** The hooks of the plugin of this package. */
export interface MercuriusHooks {
  preExecution(schema: GraphQLSchema, document: DocumentNode, context: object): Promise<void>;
  onResolution(answer: MercuriusAnswer, context: object): Promise<void>;
}

export interface AnsweredFromMemoOptions {
  readonly memo: OperationMemo;
  readonly hooks: MercuriusHooks;
  /** False for a request that is to be executed, by what it says. */
  readonly mayAnswer: (context: object) => boolean;
  readonly timeOperation: () => () => void;
  readonly onAnswered: (answered: Answered) => void;
}

/** An operation that was answered without an execution. */
interface Answered {
  readonly operation: OperationGiven;
  readonly answer: KeptAnswer;
  readonly result: MercuriusAnswer;
  readonly context: object;
}

/** What Mercurius is asked. */
interface Asked {
  readonly source: string;
  readonly context: object;
  readonly variables: unknown;
  readonly operationName: string | undefined;
}

/** One that is executed, and what is noted of it. */
class Executing {
  readonly asked: Asked;
  notes: ExecutionNotes | undefined;
  hasBegun = false;
  #hasEnded = false;

  constructor(asked: Asked) {
    this.asked = asked;
  }

  end(result: MercuriusAnswer | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.notes?.end(result);
  }
}

/**
 * What is under way with one context: hooks are told the context alone, so of several operations none can be told from the others, and
 * of none are notes taken.
 */
class Uses {
  #running = 0;
  #isUnclear = false;
  #current: Executing | undefined;

  get current(): Executing | undefined {
    return this.#current;
  }

  /** Told of each execution. */
  begin(): void {
    this.#running += 1;
    if (this.#running > 1) this.#drop();
  }

  end(): void {
    this.#running -= 1;
  }

  /** The one that runs, where it is alone. */
  take(asked: Asked): Executing | undefined {
    if (this.#running !== 1 || this.#isUnclear) return undefined;
    return (this.#current = new Executing(asked));
  }

  /** Told of an execution that is not the one that was taken. */
  other(): void {
    // One of which nothing was told before may end while others run.
    if (this.#running === 0) this.unclear();
  }

  /** Told where it cannot be told which one it is. */
  unclear(): void {
    this.#isUnclear = true;
    this.#drop();
  }

  done(executing: Executing): void {
    executing.end(undefined);
    if (this.#current === executing) this.#current = undefined;
  }

  #drop(): void {
    this.#current?.end(undefined);
    this.#current = undefined;
  }
}

/** How Mercurius would answer it. */
interface Going {
  readonly schema: unknown;
  readonly execute: () => Promise<unknown>;
}

/** The hooks that a request of a route goes through. */
const LIFE_CYCLE = ['preParsing', 'preValidation', 'preExecution', 'onResolution'] as const;
const HOOKS = 'mercurius.hooks';
/** What puts other resolvers into the schema as it is. */
const CHANGES: ReadonlySet<unknown> = new Set(['defineResolvers', 'defineLoaders']);

const DOCUMENTS = { maxEntries: 10_000, maxBytes: 16 * 1024 * 1024, eviction: 's3-fifo' } as const;
/** What a parsed document takes in memory for each character of its text, as measured. */
const BYTES_PER_CHARACTER = 100;

/**
 * Answers operations from the memo in place of Mercurius. Its route comes first, with all hooks of Fastify, the check of cross-site
 * requests, stored queries and the context. Then it would parse, validate and execute; that is left out for a text that it has
 * parsed and validated itself, and whose answer was made by it for others. Its own hooks would not see such a request, so as long as
 * there are any but those of this package, nothing is answered from the memo.
 */
export class AnsweredFromMemo {
  readonly #options: AnsweredFromMemoOptions;
  /**
   * As Mercurius has parsed them last, by the text of the document and the name of the operation; all of one text are of one parsed
   * document, and answers belong to it.
   */
  readonly #parsed = new BoundedMap<Map<string | undefined, OperationGiven>>(DOCUMENTS);
  readonly #turns = new Turns();
  readonly #uses = createObjectNotes<Uses>();
  #hasLearnt = false;
  /** Whether resolvers were changed in place after the first answer was noted. */
  #isChanged = false;

  constructor(options: AnsweredFromMemoOptions) {
    this.#options = options;
  }

  /** Stands before what Mercurius executes operations with. */
  standBefore(app: object): void {
    let owner: object | null = app;
    while (owner !== null && !Object.hasOwn(owner, 'graphql')) owner = Reflect.getPrototypeOf(owner);
    const inner: unknown = owner && Reflect.get(owner, 'graphql');
    if (owner === null || typeof inner !== 'function') return;
    if (isProxy(inner)) {
      this.#warn(app, () => true, AROUND);
      return;
    }
    const others = this.#othersIn(inner);
    const before = new Proxy(inner, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (!CHANGES.has(name) || typeof value !== 'function') return value;
        return (...args: readonly unknown[]): unknown => {
          this.#isChanged ||= this.#hasLearnt;
          return Reflect.apply(value, target, args);
        };
      },
      apply: (_, self: unknown, args: readonly unknown[]) => {
        const going = (): Promise<unknown> => Reflect.apply(inner, self, args);
        const [, context] = args;
        if (typeof context !== 'object' || context === null) return going();
        const asked = others() || this.#isChanged ? undefined : askedBy(args);
        const uses = this.#usesOf(context);
        return this.#followed(uses, () =>
          asked === undefined
            ? going()
            : this.#answer(asked, uses, { schema: Reflect.get(inner, 'schema'), execute: going }),
        );
      },
    });
    Reflect.set(owner, 'graphql', before);
    this.#warn(app, others, OTHERS);
  }

  #usesOf(context: object): Uses {
    const known = this.#uses.get(context);
    if (known !== undefined) return known;
    const uses = new Uses();
    this.#uses.set(context, uses);
    return uses;
  }

  async #followed(uses: Uses, work: () => Promise<unknown>): Promise<unknown> {
    uses.begin();
    try {
      return await work();
    } finally {
      uses.end();
    }
  }

  /** Told before an execution; true where notes are taken of it. */
  willBeMade(schema: GraphQLSchema, document: DocumentNode, context: object): boolean {
    const uses = this.#usesOf(context);
    const executing = uses.current;
    if (executing === undefined) {
      uses.other();
      return false;
    }
    const { memo } = this.#options;
    const { source, variables, operationName } = executing.asked;
    // It may be another one, of which nothing was told.
    if (executing.hasBegun || document.loc?.source.body !== source) {
      uses.unclear();
      return false;
    }
    executing.hasBegun = true;
    const given = operationIn(schema, document, operationName);
    if (given === undefined) return false;
    this.#learn({ source, operationName }, given);
    const sight = memo.sight({ ...given, variables, context });
    executing.notes = sight && memo.record(sight);
    return executing.notes !== undefined;
  }

  /** Told after it; what the answer was made of, where notes were taken of it. */
  isMade(
    answer: MercuriusAnswer,
    context: object,
  ): { readonly freshness: Freshness | undefined } | undefined {
    const executing = this.#uses.get(context)?.current;
    if (executing?.notes === undefined) return undefined;
    executing.end(answer.extensions === undefined ? answer : undefined);
    return { freshness: executing.notes.freshness() };
  }

  async #answer(asked: Asked, uses: Uses, { schema, execute }: Going): Promise<unknown> {
    await this.#turns.wait();
    try {
      const found = this.#find(asked, schema);
      const answered = isPromise(found) ? await found : found;
      if (answered !== undefined) return answered;
    } catch {
      // Mercurius meets it again, and tells the client.
    }
    const executing = uses.take(asked);
    try {
      return await execute();
    } finally {
      // Where it has not come to its end.
      if (executing !== undefined) uses.done(executing);
    }
  }

  #find(
    { source, context, variables, operationName }: Asked,
    schema: unknown,
  ): MaybePromise<MercuriusAnswer | undefined> {
    const { memo, mayAnswer, timeOperation, onAnswered } = this.#options;
    const operation = this.#parsed.get(source, 0)?.get(operationName);
    if (operation === undefined || schema !== operation.schema || !mayAnswer(context)) return undefined;
    const end = timeOperation();
    const turn = this.#turns.begin();
    const give = (answer: KeptAnswer | undefined): MercuriusAnswer | undefined => {
      if (answer === undefined) return undefined;
      this.#turns.end(turn);
      const result: MercuriusAnswer = { data: answerData(answer) };
      onAnswered({ operation, answer, result, context });
      end();
      return result;
    };
    const sight = memo.sight({ ...operation, variables, context });
    const kept = sight && memo.find(sight);
    return isPromise(kept) ? kept.then(give) : give(kept);
  }

  #learn({ source, operationName }: Pick<Asked, 'source' | 'operationName'>, given: OperationGiven): void {
    const known = this.#parsed.get(source, 0);
    const before = known?.get(operationName);
    if (before?.document === given.document && before.schema === given.schema) return;
    const [other] = known?.values() ?? [];
    const isSame = other?.document === given.document && other.schema === given.schema;
    const value = (isSame && known) || new Map<string | undefined, OperationGiven>();
    value.set(operationName, given);
    this.#hasLearnt = true;
    const valueBytes = BYTES_PER_CHARACTER * source.length;
    this.#parsed.set(source, { value, valueBytes, expiresAtMs: Infinity });
  }

  /** Whether there are hooks of others, or that cannot be told. */
  #othersIn(graphql: object): () => boolean {
    const name = Reflect.ownKeys(graphql).find((key) => typeof key === 'symbol' && key.description === HOOKS);
    const hooks: unknown = name && Reflect.get(graphql, name);
    if (typeof hooks !== 'object' || hooks === null) return () => true;
    const own: ReadonlySet<unknown> = new Set(Object.values(this.#options.hooks));
    return () => LIFE_CYCLE.some((kind) => hasOthers(Reflect.get(hooks, kind), own));
  }

  /** Says once that nothing is answered from the memo, and why. */
  #warn(app: object, others: () => boolean, because: string): void {
    const addHook: unknown = Reflect.get(app, 'addHook');
    if (typeof addHook !== 'function') return;
    Reflect.apply(addHook, app, [
      'onReady',
      async () => {
        const log: unknown = Reflect.get(app, 'log');
        const warn: unknown = typeof log === 'object' && log !== null ? Reflect.get(log, 'warn') : undefined;
        if (others() && typeof warn === 'function') Reflect.apply(warn, log, [because]);
        await Promise.resolve();
      },
    ]);
  }
}

const AROUND =
  'Nothing is answered from the memo of the cache: app.graphql was replaced before its plugin, and what it was replaced by would not ' +
  'see such requests; register the plugin before that';
const OTHERS =
  'Nothing is answered from the memo of the cache: Mercurius has hooks of others, which would not see such requests; ' +
  'do what they do in hooks of Fastify or in the context';

function hasOthers(hooks: unknown, own: ReadonlySet<unknown>): boolean {
  return !Array.isArray(hooks) || hooks.some((hook) => !own.has(hook));
}

/** Undefined for what is not one operation of one request to a route of Mercurius. */
function askedBy([source, context, variables, name]: readonly unknown[]): Asked | undefined {
  if (typeof source !== 'string' || typeof context !== 'object' || context === null) return undefined;
  const reply = reach(context, ['reply']);
  if (!isReply(reply) || !isAlone(context) || !isOfOwnRoute(reply, context)) return undefined;
  return { source, context, variables, operationName: typeof name === 'string' ? name : undefined };
}
