import type { flightKey } from '../../src/cache/stampede/flights.js';
import { generationsMatch } from '../../src/cache/coherence/generations.js';
import { OWN, type Kind, type TAG } from './world.js';

/** What a writer does after its commit, in this order; `invalidate` stands for one atomic step for each of its tags. */
export type WriterStep = 'invalidate' | 'log' | 'acknowledge';
/** What the relay does with a row. */
export type RelayStep = 'invalidate' | 'log' | 'done';

export interface WriterRules {
  readonly tags: readonly (typeof OWN | typeof TAG)[];
  /** The process it is in: it reaches the store as that does. Undefined: it always does. */
  readonly process?: number;
}

/** One variant of the protocol: who takes part, what may go wrong, and each rule that could be broken. */
export interface Rules {
  readonly writers: readonly WriterRules[];
  readonly readers: number;
  /** What the entry is stamped with. */
  readonly stamped: readonly Kind[];
  readonly reads: 'at once' | 'entry first' | 'generations first';
  /** True: a read compares with generations that were fetched before it began. */
  readonly comparesWithOlder: boolean;
  readonly evictions: number;
  readonly ghosts: number;

  readonly matches: typeof generationsMatch;
  readonly fillIsChecked: boolean;
  readonly invalidationDeletesEntry: boolean;
  readonly loadsBeforeAcquiring: boolean;
  /** True: an acquire that runs twice creates the same id twice. */
  readonly idsComeBack: boolean;
  /** How flights are named; undefined: nobody joins. */
  readonly flights: typeof flightKey | undefined;

  readonly writerSteps: readonly WriterStep[];
  /** Whether a writer may give up after its commit, and what it waits for then. */
  readonly givingUp: 'never' | 'waits for the relay' | 'is acknowledged at once' | 'is answered as bounded';
  /** Undefined: there is no outbox. */
  readonly relaySteps: readonly RelayStep[] | undefined;
  readonly crashes: number;

  /** How often the process of the readers loses its connection, and the server restarts from a snapshot. */
  readonly losses: number;
  readonly restarts: number;
  readonly comparesRuns: boolean;
  readonly forgets: 'then says so' | 'after saying so' | 'without announcing it';
  readonly startsOverWhenLost: boolean;
  /** Whether an operation of several commands fails as a whole when the connection is lost in its middle. */
  readonly failsWhatIsUnderWay: boolean;
  /** What a process that missed an invalidation does before it uses the store again. */
  readonly rejoins:
    | 'at once'
    | 'when the outbox is done'
    | 'when an older look at the outbox is done'
    | 'after replacing the epoch'
    | 'after replacing the epoch once';

  /** Local copies that are proven by the log. */
  readonly copies: boolean;
  readonly guard: 'its tags' | 'anything' | 'its own key' | 'none';
  readonly copiesFills: boolean;
  /** Until when a request may join another's look into the log. */
  readonly joinsLooks: 'until they are sent' | 'until they are answered';
  readonly looksAgainAfterWriting: boolean;
  readonly logLosses: number;
  readonly noticesLostLog: boolean;
}

/** The protocol as it is built, where nothing goes wrong. */
export const BUILT: Rules = {
  writers: [{ tags: [OWN] }, { tags: [OWN] }],
  readers: 3,
  stamped: [OWN],
  reads: 'at once',
  comparesWithOlder: false,
  evictions: 0,
  ghosts: 0,
  matches: generationsMatch,
  fillIsChecked: true,
  invalidationDeletesEntry: true,
  loadsBeforeAcquiring: false,
  idsComeBack: false,
  flights: undefined,
  writerSteps: ['invalidate', 'acknowledge'],
  givingUp: 'never',
  relaySteps: undefined,
  crashes: 0,
  losses: 0,
  restarts: 0,
  comparesRuns: true,
  forgets: 'then says so',
  startsOverWhenLost: true,
  failsWhatIsUnderWay: true,
  rejoins: 'when the outbox is done',
  copies: false,
  guard: 'its tags',
  copiesFills: false,
  joinsLooks: 'until they are sent',
  looksAgainAfterWriting: true,
  logLosses: 0,
  noticesLostLog: true,
};
