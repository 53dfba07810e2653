/** What a reader of the page puts in: how large the installation is, and what is asked of it. */
export interface Inputs {
  readonly processes: number;
  /** Primaries of the cluster. */
  readonly nodes: number;
  readonly entries: number;
  /** Reads of entries a second, of each process. */
  readonly reads: number;
  /** The share of reads that find their entry. */
  readonly hits: number;
  /** Writes a second, of all processes together. */
  readonly writes: number;
  /** Tags that an entry depends on, besides its own key. */
  readonly tags: number;
  /** The share of loads that another process waits for. */
  readonly waited: number;
  /** Bytes of a value, as it is stored. */
  readonly bytes: number;
}

export const usualInputs: Inputs = {
  ...{ processes: 1000, nodes: 100, entries: 1e9, reads: 500, hits: 0.95 },
  ...{ writes: 2000, tags: 1, waited: 0.05, bytes: 400 },
};

/** The same with what a command line says. @throws Error for what is no number of that kind. */
export function inputsFrom(values: Readonly<Record<string, string | boolean | undefined>>): Inputs {
  const numberOf = (name: keyof Inputs): number => {
    const given = values[name];
    if (typeof given !== 'string') return usualInputs[name];
    const number = Number(given);
    const isShare = name === 'hits' || name === 'waited';
    if (number >= 0 && (!isShare || number <= 1)) return number;
    throw new Error(`--${name} must be a number from 0 ${isShare ? 'to 1' : 'on'}, but got ${given}`);
  };
  return {
    ...{ processes: numberOf('processes'), nodes: numberOf('nodes'), entries: numberOf('entries') },
    ...{ reads: numberOf('reads'), hits: numberOf('hits'), writes: numberOf('writes') },
    ...{ tags: numberOf('tags'), waited: numberOf('waited'), bytes: numberOf('bytes') },
  };
}
