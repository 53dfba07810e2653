import type { GraphQLError } from 'graphql';
import type { Path } from './path.js';

/** The errors of one run, as graphql-js collects them: what lies inside of something that an error has voided is not told. */
export class CollectedErrors {
  readonly errors: GraphQLError[] = [];
  // Made with the first error: most runs have none.
  #voided: Set<Path | undefined> | undefined;

  add(error: GraphQLError, path: Path | undefined): void {
    this.#voided ??= new Set();
    if (isVoided(this.#voided, path)) return;
    this.#voided.add(path);
    this.errors.push(error);
  }
}

function isVoided(voided: ReadonlySet<Path | undefined>, path: Path | undefined): boolean {
  for (let place = path; place !== undefined; place = place.prev) if (voided.has(place)) return true;
  return voided.has(undefined);
}
