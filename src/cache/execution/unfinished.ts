import type { Run } from './run.js';
import { afterHops } from './after-hops.js';
import type { Path } from './path.js';
import type { FieldPlan, TypePlan } from './plan.js';

/** A part of the answer that is not there yet. */
export abstract class Unfinished {}

/** A promise that is known only by its `then`: another library made it, or a function of the schema waits. */
export class Foreign extends Unfinished {
  /** Not always a promise: `then` of others may return anything. */
  readonly promise: unknown;

  constructor(promise: unknown) {
    super();
    this.promise = promise;
  }
}

/** What is told how a frame ended. */
export interface Owner {
  done(value: unknown): void;
  failed(error: unknown): void;
}

/**
 * An object or a list some parts of which are not there yet: one object with a count, where graphql-js has a promise for each
 * part and each level. Values are placed when they come. Errors take as many steps as in graphql-js.
 */
export abstract class Frame extends Unfinished {
  /** Steps that follow in graphql-js once its promise for all parts has heard of the last, or of the first that failed. */
  protected abstract readonly joinHops: number;
  protected abstract readonly result: unknown;
  protected readonly run: Run;
  /** Where it stands; undefined for the root. */
  readonly #path: Path | undefined;
  #pending = 0;
  #isOver = false;
  /** An error that is told once the parts that wait are there. */
  #waiting: { readonly error: unknown } | undefined;
  #owner: Owner | undefined;
  #ownerHops = 0;
  #foreign: { readonly key: string | number; readonly promise: unknown }[] | undefined;

  constructor(run: Run, path: Path | undefined) {
    super();
    this.run = run;
    this.#path = path;
  }

  protected abstract place(key: string | number, value: unknown): void;

  /** Waits for a part of a field: the field itself, or an element of its list. */
  add(part: Unfinished, key: string | number, field: FieldPlan, type: TypePlan): void {
    this.#pending += 1;
    if (part instanceof Slot) part.in(this, key);
    else if (part instanceof Frame) part.tell(new Slot(this.run, field, type, part.#path).in(this, key), 1);
    else if (part instanceof Foreign) (this.#foreign ??= []).push({ key, promise: part.promise });
  }

  /** All parts were added. */
  close(): this {
    for (const { key, promise } of this.#foreign ?? []) {
      void Promise.resolve(promise).then(
        (value) => this.#take(key, value),
        (error: unknown) => this.#fail(error),
      );
    }
    return this;
  }

  /** An error that no part can hold, told when the others have ended, as graphql-js does. */
  failWhenOthersEnd(error: unknown): this {
    this.run.isExact = true;
    this.#waiting = { error };
    return this.close();
  }

  /** What its parts bring is not waited for. */
  abandon(): void {
    this.#isOver = true;
    for (const { promise } of this.#foreign ?? []) {
      // No code hears of its rejection, which would end the process. What is no promise of the language has no such rejection.
      if (promise instanceof Promise) void Promise.prototype.then.call(promise, undefined, () => undefined);
    }
  }

  /** Who is told the end, and after how many steps. */
  tell(owner: Owner, hops: number): void {
    this.#owner = owner;
    this.#ownerHops = hops;
  }

  partDone(key: string | number, value: unknown): void {
    if (this.run.isExact) afterHops(1, () => this.#take(key, value));
    else this.#take(key, value);
  }

  /** In graphql-js a promise for all parts hears of it one step later: the first that it hears of counts. */
  partFailed(error: unknown): void {
    afterHops(1, () => this.#fail(error));
  }

  #take(key: string | number, value: unknown): void {
    if (this.#isOver) return;
    this.place(key, value);
    this.#pending -= 1;
    if (this.#pending > 0) return;
    if (this.#waiting !== undefined) this.#fail(this.#waiting.error);
    else if (this.run.isExact)
      afterHops(this.joinHops + this.#ownerHops, () => this.#owner?.done(this.result));
    else this.#owner?.done(this.result);
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const waiting = this.#waiting;
    const hops = this.joinHops + this.#ownerHops + (waiting === undefined ? 0 : 1);
    afterHops(hops, () => this.#owner?.failed(waiting === undefined ? error : waiting.error));
  }
}

export class ObjectFrame extends Frame {
  protected readonly joinHops = 1;

  protected readonly result: Record<string | number, unknown>;

  constructor(run: Run, path: Path | undefined, result: Record<string, unknown>) {
    super(run, path);
    this.result = result;
  }

  protected place(key: string | number, value: unknown): void {
    this.result[key] = value;
  }
}

export class ListFrame extends Frame {
  protected readonly joinHops = 0;

  protected readonly result: unknown[];

  constructor(run: Run, path: Path | undefined, result: unknown[]) {
    super(run, path);
    this.result = result;
  }

  protected place(key: string | number, value: unknown): void {
    if (typeof key === 'number') this.result[key] = value;
  }
}

/** The place of a part in its frame: null stands there where an error allows it. */
export class Slot extends Unfinished implements Owner {
  protected readonly run: Run;
  protected readonly field: FieldPlan;
  protected readonly type: TypePlan;
  protected readonly path: Path | undefined;
  #frame: Frame | undefined;
  #key: string | number = '';

  constructor(run: Run, field: FieldPlan, type: TypePlan, path: Path | undefined) {
    super();
    this.run = run;
    this.field = field;
    this.type = type;
    this.path = path;
  }

  in(frame: Frame, key: string | number): this {
    this.#frame = frame;
    this.#key = key;
    return this;
  }

  done(value: unknown): void {
    this.#frame?.partDone(this.#key, value);
  }

  failed(raw: unknown): void {
    try {
      this.run.voidField(raw, this.field, this.type, this.path);
    } catch (error) {
      this.#frame?.partFailed(error);
      return;
    }
    this.done(null);
  }
}
