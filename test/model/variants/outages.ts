import { BUILT, type Rules } from '../rules.js';
import { EPOCH, OWN, TAG } from '../world.js';
import type { Variant } from './variant.js';

const relayed: Rules = {
  ...BUILT,
  stamped: [OWN, TAG],
  writers: [{ tags: [OWN, TAG] }, { tags: [TAG] }],
  readers: 2,
  givingUp: 'waits for the relay',
  relaySteps: ['invalidate', 'done'],
  crashes: 1,
};
const restarted: Rules = { ...BUILT, stamped: [OWN, EPOCH], readers: 2, restarts: 1 };
const restartedAgain: Rules = { ...restarted, writers: [{ tags: [OWN] }], losses: 1 };
const away: Rules = {
  ...BUILT,
  stamped: [OWN, EPOCH],
  writers: [
    { tags: [OWN], process: 0 },
    { tags: [OWN], process: 0 },
  ],
  readers: 2,
  evictions: 1,
  givingUp: 'is answered as bounded',
  losses: 1,
  rejoins: 'after replacing the epoch',
};
const awayWithOutbox: Rules = {
  ...away,
  writers: [{ tags: [OWN], process: 0 }, { tags: [OWN] }],
  evictions: 0,
  relaySteps: ['invalidate', 'done'],
  crashes: 0,
  losses: 1,
  rejoins: 'when the outbox is done',
};

/** Writers and stores that fail. */
export const outageVariants: readonly Variant[] = [
  {
    name: 'relay',
    says: 'A writer that cannot go on after its commit is acknowledged once the relay, which may die, has done its rows.',
    rules: relayed,
    atLeast: 300_000,
  },
  {
    name: 'relay: acknowledged at once',
    says: 'A writer whose invalidation failed is acknowledged all the same.',
    rules: { ...relayed, givingUp: 'is acknowledged at once' },
    breaks: ['relay'],
  },
  {
    name: 'relay: done before applied',
    says: 'The relay marks a row done, then applies it.',
    rules: { ...relayed, relaySteps: ['done', 'invalidate'] },
    breaks: ['relay'],
  },
  {
    name: 'restart',
    says: 'The store restarts from an older snapshot; two processes replace the epoch before they use it again.',
    rules: restarted,
    atLeast: 150_000,
  },
  {
    name: 'restart: runs not compared',
    says: 'A process uses the store again as if it were the one it knew.',
    rules: { ...restarted, comparesRuns: false },
    breaks: ['restart'],
  },
  {
    name: 'restart: said before done',
    says: 'The new run is written down before the epoch is replaced.',
    rules: { ...restarted, forgets: 'after saying so' },
    breaks: ['restart'],
  },
  {
    name: 'restart: operations go on',
    says: 'An operation of two commands sends the second one after the connection was lost and made anew.',
    rules: { ...restarted, failsWhatIsUnderWay: false },
    breaks: ['restart'],
  },
  {
    name: 'restart while rejoining',
    says: 'The connection is lost, and the store restarts at any time while the processes rejoin it.',
    rules: restartedAgain,
    atLeast: 100_000,
  },
  {
    name: 'restart while rejoining: unnoticed',
    says: 'A connection that is lost while rejoining does not begin the rejoining anew.',
    rules: { ...restartedAgain, startsOverWhenLost: false },
    breaks: ['restart while rejoining'],
  },
  {
    name: 'away, no outbox',
    says: 'Writes of a process that lost the store are answered as bounded; it replaces the epoch, and then sees them.',
    rules: away,
    atLeast: 125_000,
  },
  {
    name: 'away, no outbox: used at once',
    says: 'The process uses the store as it is.',
    rules: { ...away, rejoins: 'at once' },
    breaks: ['away, no outbox'],
  },
  {
    name: 'away, no outbox: missed meanwhile',
    says: 'What is missed while the process rejoins does not make it rejoin once more.',
    rules: { ...away, rejoins: 'after replacing the epoch once' },
    breaks: ['away, no outbox'],
  },
  {
    name: 'away, outbox',
    says: 'The process waits until what was undone in the outbox, seen after it was connected, is done; it sees all bounded writes.',
    rules: awayWithOutbox,
    atLeast: 200_000,
  },
  {
    name: 'away, outbox: used at once',
    says: 'The process does not ask the outbox.',
    rules: { ...awayWithOutbox, rejoins: 'at once' },
    breaks: ['away, outbox'],
  },
  {
    name: 'away, outbox: looked too early',
    says: 'It looked at the outbox before it was connected.',
    rules: { ...awayWithOutbox, rejoins: 'when an older look at the outbox is done' },
    breaks: ['away, outbox'],
  },
];
