import { isPlainPromise, type MaybePromise } from '../maybe-promise.js';
import { valueIn, type Template } from '../keys/template.js';

type Path = readonly string[];

/**
 * Waits for promises that lie where templates look into a result, as GraphQL does after it: `{ film: save() }` has an id once the film
 * is there. Any other result is handed on as it is. Never rejects, and begins nothing that begins when it is waited for.
 */
export function compileSettled(templates: readonly Template[]): (result: unknown) => MaybePromise<unknown> {
  const paths = templates.flatMap(({ placeholders }) =>
    placeholders.flatMap(({ root, path }) => (root === 'result' ? [path] : [])),
  );
  if (paths.length === 0) return (result) => result;
  return (result) => (paths.some((path) => holdsPromise(result, path)) ? settled(result, paths) : result);
}

/** Getters are not asked: a promise of theirs is another one each time. */
function holdsPromise(result: unknown, path: Path): boolean {
  let value = result;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return false;
    value = Object.getOwnPropertyDescriptor(value, name)?.value;
    if (isPlainPromise(value)) return true;
  }
  return false;
}

/** An object that has on these ways what the result has, once it is there. */
async function settled(result: unknown, paths: readonly Path[]): Promise<unknown> {
  const made: Record<string, unknown> = {};
  for (const path of paths) {
    let value = result;
    for (const name of path) ({ value } = await valueAt(value, name));
    place(made, path, value);
  }
  return made;
}

/** What fails is told by GraphQL, at its own place. */
async function valueAt(object: unknown, name: string): Promise<{ readonly value: unknown }> {
  try {
    const value = valueIn(object, [name]);
    // Any other one may begin when it is waited for, and GraphQL has it begin.
    return { value: isPlainPromise(value) ? await value : value };
  } catch {
    return { value: undefined };
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
