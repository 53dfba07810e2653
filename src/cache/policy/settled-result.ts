import { isPlainPromise } from '../maybe-promise.js';
import { createDeferred } from '../time/deferred.js';
import type { Clock } from '../time/clock.js';
import { within } from '../time/within.js';
import { valueIn, type Template } from '../keys/template.js';
import { MAX_LIST_DEPTH } from './render-tags.js';

type Path = readonly string[];

/** What limits how long a result is waited for. */
export type TimeLimits = Pick<Clock, 'nowMs' | 'after'>;

/**
 * Milliseconds for which tags wait for promises in a result. GraphQL waits for none that the client did not select, and such
 * a one may never end.
 */
const RESULT_SETTLES_WITHIN_MS = 3000;

/** What a template looks at in a result, once it is there. */
interface Settled {
  readonly result: unknown;
  /** False where an element of a list failed or did not come in time: it is left out. */
  readonly isWhole: boolean;
}

/**
 * Waits for promises that lie where a template looks into a result, as GraphQL does after it: `{ film: save() }` has an id once
 * the film is there. Undefined where nothing is to be waited for. Never throws or rejects, and begins nothing that begins
 * when it is waited for.
 */
export function compileSettled(
  { placeholders }: Template,
  clock: TimeLimits,
): (result: unknown) => Promise<Settled> | undefined {
  const paths = placeholders.flatMap(({ root, path }) => (root === 'result' ? [path] : []));
  return (result) =>
    paths.some((path) => holdsPromise(result, path)) ? settled(result, { paths, clock }) : undefined;
}

/** Getters are not asked: a promise of theirs is another one each time. */
function holdsPromise(result: unknown, path: Path): boolean {
  let value = result;
  try {
    for (const name of path) {
      if (typeof value !== 'object' || value === null) return false;
      value = Object.getOwnPropertyDescriptor(value, name)?.value;
      if (isPlainPromise(value)) return true;
    }
    return listHoldsPromise(value, 0);
  } catch {
    // A proxy that refuses names no tag.
    return false;
  }
}

function listHoldsPromise(value: unknown, depth: number): boolean {
  if (!Array.isArray(value) || depth >= MAX_LIST_DEPTH) return false;
  return value.some((element) => isPlainPromise(element) || listHoldsPromise(element, depth + 1));
}

/** An object that has on these ways what the result has, once it is there. */
async function settled(
  result: unknown,
  { paths, clock }: { readonly paths: readonly Path[]; readonly clock: TimeLimits },
): Promise<Settled> {
  const wait = new Wait(clock);
  try {
    const made: Record<string, unknown> = {};
    const found = await Promise.all(paths.map((path) => wait.forPath(result, path)));
    paths.forEach((path, index) => {
      place(made, path, found[index]?.value);
    });
    return { result: made, isWhole: wait.isWhole };
  } finally {
    wait.end();
  }
}

/** What came: in an object of its own, as code that waits would begin what begins when it is waited for. */
interface Came {
  readonly value: unknown;
}

const OVER = Symbol('the wait is over');

/** A wait for several promises, of which some may never end. What fails is told by GraphQL, at its own place. */
class Wait {
  isWhole = true;
  /** Leaves no timer behind. */
  readonly end: () => void;
  readonly #over: Promise<typeof OVER>;

  constructor(clock: TimeLimits) {
    const { promise, resolve } = createDeferred<typeof OVER>();
    this.end = () => resolve(OVER);
    this.#over = within(clock, { work: promise, ms: RESULT_SETTLES_WITHIN_MS, onLate: () => OVER });
  }

  /** Undefined where it failed, or did not come in time. */
  async forPath(result: unknown, path: Path): Promise<Came | undefined> {
    try {
      let came: Came | undefined = { value: result };
      for (const name of path) {
        came = await this.#forValue(valueIn(came.value, [name]));
        if (came === undefined) return undefined;
      }
      return await this.#forElements(came.value, 0);
    } catch {
      return undefined;
    }
  }

  async #forElements(value: unknown, depth: number): Promise<Came> {
    if (!Array.isArray(value) || !listHoldsPromise(value, depth)) return { value };
    const elements = await Promise.all(
      value.map(async (element: unknown) => {
        const came = await this.#forValue(element);
        return came && this.#forElements(came.value, depth + 1);
      }),
    );
    const there = elements.filter((came) => came !== undefined);
    if (there.length < elements.length) this.isWhole = false;
    return { value: there.map((came) => came.value) };
  }

  async #forValue(value: unknown): Promise<Came | undefined> {
    if (!isPlainPromise(value)) return { value };
    try {
      const came = await Promise.race([value, this.#over]);
      return came === OVER ? undefined : { value: came };
    } catch {
      return undefined;
    }
  }
}

function place(made: Record<string, unknown>, path: Path, value: unknown): void {
  let holder = made;
  path.slice(0, -1).forEach((name) => {
    const below = holder[name];
    const next: Record<string, unknown> = typeof below === 'object' && below !== null ? { ...below } : {};
    holder[name] = next;
    holder = next;
  });
  holder[path.at(-1) ?? ''] = value;
}
