import { BUILT, type Rules } from '../rules.js';
import { EPOCH, OWN, TAG } from '../world.js';
import type { Variant } from './variant.js';

const strict: Rules = {
  ...BUILT,
  stamped: [OWN, TAG],
  writers: [{ tags: [OWN, TAG] }, { tags: [TAG] }],
  writerSteps: ['invalidate', 'log', 'acknowledge'],
  copies: true,
};
const guardedByAnything: Rules = {
  ...strict,
  guard: 'anything',
  readers: 2,
  evictions: 1,
  copiesFills: true,
};
const ofFills: Rules = { ...strict, readers: 2, evictions: 1, copiesFills: true };
const lostLog: Rules = { ...strict, readers: 2, copiesFills: true, logLosses: 2 };
const relayed: Rules = {
  ...strict,
  writers: [{ tags: [OWN, TAG] }],
  readers: 2,
  givingUp: 'waits for the relay',
  relaySteps: ['invalidate', 'log', 'done'],
  crashes: 1,
};
const restarted: Rules = {
  ...strict,
  stamped: [OWN, TAG, EPOCH],
  writers: [{ tags: [TAG] }],
  readers: 2,
  restarts: 1,
};

/** Copies in the process, and the log of invalidations that proves them. */
export const strictCopyVariants: readonly Variant[] = [
  {
    name: 'strict copies',
    says: 'Two tags: invalidate both, write the log, acknowledge; a read waits for the log; copies are made unless one of their tags was named since.',
    rules: strict,
    atLeast: 400_000,
  },
  {
    name: 'strict copies: log first',
    says: 'The log is written before the invalidation.',
    rules: { ...strict, writerSteps: ['log', 'invalidate', 'acknowledge'] },
    breaks: ['strict copies'],
  },
  {
    name: 'strict copies: log last',
    says: 'The write is acknowledged before the log is written.',
    rules: { ...strict, writerSteps: ['invalidate', 'acknowledge', 'log'] },
    breaks: ['strict copies'],
  },
  {
    name: 'strict copies: looks are joined',
    says: 'A request joins a look into the log that was sent before it began.',
    rules: { ...strict, joinsLooks: 'until they are answered' },
    breaks: ['strict copies'],
  },
  {
    name: 'strict copies: no second look',
    says: 'A request that looked before its own write does not look again.',
    rules: { ...strict, looksAgainAfterWriting: false },
    breaks: ['strict copies'],
  },
  {
    name: 'strict copies: no guard',
    says: 'A copy is made of whatever was fetched.',
    rules: { ...strict, guard: 'none' },
    breaks: ['strict copies'],
  },
  {
    name: 'strict copies: own key only',
    says: 'A copy is made unless its own key was named since; its other tag is not looked at.',
    rules: { ...strict, guard: 'its own key' },
    breaks: ['strict copies'],
  },
  {
    name: 'strict copies: hits not compared',
    says: 'A copy is made of an entry whose generations are no more.',
    rules: { ...strict, matches: () => true },
    breaks: ['strict copies'],
  },
  {
    name: 'guard on anything',
    says: 'No copy is made if anything at all was named in the log since its fetch began.',
    rules: guardedByAnything,
    atLeast: 75_000,
  },
  {
    name: 'guard on anything: no guard',
    says: 'As above.',
    rules: { ...guardedByAnything, guard: 'none' },
    breaks: ['guard on anything'],
  },
  {
    name: 'copies of fills',
    says: 'Copies are made of own loads too, under the same guard, whether the fill was refused or not. One eviction.',
    rules: ofFills,
    atLeast: 75_000,
  },
  {
    name: 'copies of fills: no guard',
    says: 'A copy is made of whatever was loaded.',
    rules: { ...ofFills, guard: 'none' },
    breaks: ['copies of fills'],
  },
  {
    name: 'copies of fills: own key only',
    says: 'A copy is made unless its own key was named since.',
    rules: { ...ofFills, guard: 'its own key' },
    breaks: ['copies of fills'],
  },
  {
    name: 'lost log',
    says: 'The log is lost twice; a process that does not find the entry that it read last forgets all copies.',
    rules: lostLog,
    atLeast: 200_000,
  },
  {
    name: 'lost log: unnoticed',
    says: 'What is left of the log is taken for all there was.',
    rules: { ...lostLog, noticesLostLog: false },
    breaks: ['lost log'],
  },
  {
    name: 'strict copies and relay',
    says: 'A writer that cannot go on waits for the relay, which repeats the invalidation and the entry of the log, and may die between them.',
    rules: relayed,
    atLeast: 500_000,
  },
  {
    name: 'strict copies and relay: not logged',
    says: 'The relay repeats the invalidation alone.',
    rules: { ...relayed, relaySteps: ['invalidate', 'done'] },
    breaks: ['strict copies and relay'],
  },
  {
    name: 'strict copies and restart',
    says: 'The store and its log restart from an older snapshot; who replaces the epoch announces it in the log.',
    rules: restarted,
    atLeast: 500_000,
  },
  {
    name: 'strict copies and restart: unannounced',
    says: 'The epoch is replaced, and the log does not say so.',
    rules: { ...restarted, forgets: 'without announcing it' },
    breaks: ['strict copies and restart'],
  },
];
