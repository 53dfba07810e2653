/** A version of a title that is in the database, and when whoever asks must be shown it. */
export interface Take {
  readonly number: number;
  /** How it was written, in words. */
  readonly how: string;
  /** When the writer was answered, by `performance.now()`. */
  readonly answeredAtMs: number;
  /** No read that starts from here on may return less; undefined for a write that was acknowledged as bounded. */
  readonly dueAtMs: number | undefined;
}

/** So long after the last fault, or after its acknowledgement, a bounded write counts like any other. */
const BOUNDED_WITHIN_MS = 1000;

/** The titles of one film in the order in which they were committed: the writer of a film waits for each. */
export class Takes {
  readonly #written: Take[] = [];

  written(take: Take): void {
    this.#written.push(take);
  }

  /** What a read that starts now must return at least. `calmSinceMs` is Infinity while a fault goes on. */
  atLeast(calmSinceMs: number): Take | undefined {
    const nowMs = performance.now();
    const isDue = ({ dueAtMs, answeredAtMs }: Take): boolean =>
      (dueAtMs ?? Math.max(answeredAtMs, calmSinceMs) + BOUNDED_WITHIN_MS) <= nowMs;
    return this.#written.findLast(isDue);
  }
}

/** Asks for the titles of these films. */
export function queryOf(ids: readonly string[]): string {
  const [id] = ids;
  return ids.length === 1 ? `{ movie(id: ${id}) { title } }` : `{ movies(ids: [${ids.join()}]) { title } }`;
}

export function mutationOf(id: string, number: number): string {
  return `mutation { updateMovie(id: ${id}, input: { title: "Take ${number}" }) { title } }`;
}

/** The numbers of the titles in an answer, in their order. */
export function takesIn(answer: string): readonly number[] {
  return Array.from(answer.matchAll(/"title":"Take (\d+)"/g), ([, number]) => Number(number));
}
