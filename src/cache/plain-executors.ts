import { execute } from 'graphql';

/** What executes an operation, by whatever name its server gives its arguments. */
type Executor = (...args: never[]) => unknown;

/** The executor of GraphQL Yoga, told by its name: it is of a package that this one does not need. */
const OF_YOGA = 'normalizedExecutor';

const made = new WeakSet<Executor>();

/** Notes an executor of the engine's own, which answers as graphql-js does. */
export function notePlainExecutor<Plain extends Executor>(executor: Plain): Plain {
  made.add(executor);
  return executor;
}

/** True for executors that only execute: others, such as those of caches of answers, may answer for one viewer. */
export function isPlainExecutor(executor: Executor): boolean {
  return executor === execute || executor.name === OF_YOGA || made.has(executor);
}
