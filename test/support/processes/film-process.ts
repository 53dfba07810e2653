import { answeringProcess } from './answering-process.js';

export interface FilmProcessSettings {
  /** Of the Redis that the processes share, and of the database with the table films (id, seen). */
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly source: 'triggers' | 'log';
  /** A fault that the test must notice: what was read counts as applied a moment before it is. */
  readonly plant?: 'confirmed-early';
}

export type FilmRequest = { readonly number: number } & (
  { readonly read: readonly number[] } | { readonly write: number }
);

/** A process with a cache of films. It ends with the test at the latest. */
export interface FilmProcess {
  /** What its API answers for `seen` of these films. */
  read(ids: readonly number[]): Promise<readonly number[]>;
  /** Raises `seen` of a film by a mutation; resolves with what it is then. */
  write(id: number): Promise<number>;
  pause(): void;
  resume(): void;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

export async function filmProcess(settings: FilmProcessSettings): Promise<FilmProcess> {
  const { child, ask, kill } = await answeringProcess('film-process-program.ts', settings);
  return {
    read: async (ids) => (await ask({ read: ids })) as readonly number[],
    write: async (id) => (await ask({ write: id })) as number,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill,
  };
}
