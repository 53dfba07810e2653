/**
 * What watches the tables that are written to: nothing, triggers, the log of the server, or, to compare with that, PostgreSQL's own reader
 * of its log, which throws away what it reads: what any reader costs the writers.
 */
export const modes = ['none', 'triggers', 'log', 'reader'] as const;
export type Mode = (typeof modes)[number];

/** One database whose writers are measured, with the processes of an API over it. */
export interface Setup {
  readonly mode: Mode;
  /** Processes of an API that are up. With none of them a store is registered all the same, as while an API is deployed. */
  readonly processes: number;
}

/** The first is the reference of every ratio. */
export function setupsOf(asked: readonly Mode[], isQuick: boolean): readonly [Setup, ...Setup[]] {
  const watched = asked.filter((mode) => mode !== 'none');
  const counts = isQuick ? [1] : [0, 1, 2];
  return [
    { mode: 'none', processes: 0 },
    ...watched.flatMap((mode) =>
      (mode === 'reader' ? [0] : counts).map((processes) => ({ mode, processes })),
    ),
  ];
}

export function nameOf({ mode, processes }: Setup): string {
  if (mode === 'none') return 'without Corral';
  if (mode === 'reader') return 'pg_recvlogical alone';
  return `${mode}, ${processes === 0 ? 'API down' : `${processes} ${processes === 1 ? 'process' : 'processes'}`}`;
}
