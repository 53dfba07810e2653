export type PhaseName = 'day' | 'release' | 'half' | 'stampede' | 'expiry';

/** A part of the traffic. */
export interface Phase {
  readonly name: PhaseName;
  readonly title: string;
  /** Shares of the run. */
  readonly from: number;
  readonly to: number;
  /** How many of the requests of sessions write. */
  readonly writeShare: number;
  /** How many of the reads are of the film that has just come out. */
  readonly releasedShare: number;
  /** How busy it is at a share of the run, from 0 to 1. */
  readonly load: (share: number) => number;
}

const steady = (): number => 0.6;
/** From the quietest hour of the night to the busiest of the evening, and back. */
const wave = (share: number): number => 0.2 + 0.4 * (1 - Math.cos((2 * Math.PI * share) / 0.4));

export const phases = {
  day: phase('day', 'a day, 95 reads to 5 writes', { from: 0, to: 0.4, load: wave }),
  release: phase('release', 'a release day', { from: 0.4, to: 0.55, releasedShare: 0.6 }),
  half: phase('half', '50 reads to 50 writes', { from: 0.55, to: 0.72, writeShare: 0.5 }),
  stampede: phase('stampede', 'stampedes', { from: 0.72, to: 0.86 }),
  expiry: phase('expiry', 'an expiry wave', { from: 0.86, to: 1 }),
} as const;

const inOrder: readonly Phase[] = Object.values(phases);

/** The part that a share of the run, from 0 to below 1, belongs to. */
export function phaseAt(share: number): Phase {
  return inOrder.find(({ to }) => share < to) ?? phases.expiry;
}

function phase(name: PhaseName, title: string, rest: Pick<Phase, 'from' | 'to'> & Partial<Phase>): Phase {
  return { name, title, writeShare: 0.05, releasedShare: 0, load: steady, ...rest };
}
