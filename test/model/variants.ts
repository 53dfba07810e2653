import { BUILT, EPOCH, flightsByKeyAndGenerations, OWN, TAG, type Rules } from './rules.js';

export interface Variant {
  readonly id: string;
  readonly says: string;
  /** SAFE, or the variant that this one breaks a rule of. */
  readonly breaks?: string;
  readonly rules: Rules;
}

const tagged: Rules = {
  ...BUILT,
  stamped: [OWN, TAG],
  writers: [{ tags: [OWN] }, { tags: [TAG] }],
};
const one = { ...BUILT, evictions: 2 };
const two = { ...tagged, evictions: 1, readers: 3 };
const ghosts = { ...BUILT, evictions: 1, ghosts: 2, readers: 3 };
const flights = { ...tagged, flights: flightsByKeyAndGenerations, evictions: 1 };
const relayed: Rules = {
  ...tagged,
  givingUp: 'waits for the relay',
  relaySteps: ['invalidate', 'done'],
  crashes: 1,
  readers: 2,
  evictions: 1,
};
const restarted: Rules = { ...BUILT, stamped: [OWN, EPOCH], restarts: 1, readers: 2 };
const away: Rules = {
  ...BUILT,
  stamped: [OWN, EPOCH],
  writers: [
    { tags: [OWN], process: 0 },
    { tags: [OWN], process: 0 },
  ],
  givingUp: 'answers with a reservation',
  rejoins: 'after replacing the epoch',
  readers: 2,
  losses: 1,
  evictions: 1,
};
const rejoined: Rules = {
  ...away,
  rejoins: 'when the outbox is done',
  relaySteps: ['invalidate', 'done'],
  writers: [{ tags: [OWN], process: 0 }, { tags: [OWN] }],
  crashes: 1,
};
const logged: Rules = {
  ...tagged,
  copies: true,
  writerSteps: ['invalidate', 'log', 'acknowledge'],
  readers: 3,
};
const copied: Rules = { ...logged, copiesFills: true, evictions: 1, readers: 2 };
const lost: Rules = { ...logged, logLosses: 1, readers: 2, copiesFills: true };
const logRelayed: Rules = {
  ...logged,
  readers: 2,
  writers: [{ tags: [OWN, TAG] }, { tags: [TAG] }],
  givingUp: 'waits for the relay',
  relaySteps: ['invalidate', 'log', 'done'],
  crashes: 1,
};
const logRestarted: Rules = {
  ...logged,
  stamped: [OWN, TAG, EPOCH],
  restarts: 1,
  readers: 2,
  writers: [{ tags: [TAG] }],
};

export const VARIANTS: readonly Variant[] = [
  { id: 'one', says: '', rules: one },
  { id: 'one-uncompared', says: '', rules: { ...one, matches: () => true } },
  { id: 'one-unchecked', says: '', rules: { ...one, fillIsChecked: false } },
  {
    id: 'one-unchecked-uncompared',
    says: '',
    breaks: 'one',
    rules: { ...one, fillIsChecked: false, matches: () => true },
  },
  {
    id: 'one-kept',
    says: '',
    breaks: 'one',
    rules: { ...one, invalidationDeletesEntry: false, matches: () => true },
  },
  { id: 'two', says: '', rules: two },
  { id: 'two-uncompared', says: '', breaks: 'two', rules: { ...two, matches: () => true } },
  { id: 'two-loadfirst', says: '', breaks: 'two', rules: { ...two, loadsBeforeAcquiring: true } },
  { id: 'split-entry', says: '', rules: { ...two, reads: 'entry first' } },
  { id: 'split-gen', says: '', rules: { ...two, reads: 'generations first' } },
  {
    id: 'split-gen-old',
    says: '',
    breaks: 'split-gen',
    rules: { ...two, reads: 'generations first', comparesWithOlder: true },
  },
  { id: 'ghosts', says: '', rules: ghosts },
  { id: 'ghosts-two', says: '', rules: { ...two, ghosts: 1, evictions: 1 } },
  { id: 'ghosts-back', says: '', breaks: 'ghosts', rules: { ...ghosts, idsComeBack: true } },
  { id: 'flights', says: '', rules: flights },
  { id: 'flights-any', says: '', breaks: 'flights', rules: { ...flights, flights: (key) => key } },
  { id: 'relayed', says: '', rules: relayed },
  { id: 'relayed-early', says: '', breaks: 'relayed', rules: { ...relayed, givingUp: 'answers at once' } },
  {
    id: 'relayed-done-first',
    says: '',
    breaks: 'relayed',
    rules: { ...relayed, relaySteps: ['done', 'invalidate'] },
  },
  { id: 'restarted', says: '', rules: restarted },
  { id: 'restarted-2', says: '', rules: { ...restarted, restarts: 2, writers: [{ tags: [OWN] }] } },
  { id: 'restarted-uncompared', says: '', breaks: 'restarted', rules: { ...restarted, comparesRuns: false } },
  {
    id: 'restarted-says-first',
    says: '',
    breaks: 'restarted',
    rules: { ...restarted, forgets: 'after saying so' },
  },
  {
    id: 'restarted-unnoticed',
    says: '',
    breaks: 'restarted',
    rules: { ...restarted, losses: 1, startsOverWhenLost: false },
  },
  { id: 'away', says: '', rules: away },
  { id: 'away-at-once', says: '', breaks: 'away', rules: { ...away, rejoins: 'at once' } },
  {
    id: 'away-once',
    says: '',
    breaks: 'away',
    rules: { ...away, rejoins: 'after replacing the epoch once' },
  },
  { id: 'rejoined', says: '', rules: rejoined },
  { id: 'rejoined-at-once', says: '', breaks: 'rejoined', rules: { ...rejoined, rejoins: 'at once' } },
  {
    id: 'rejoined-older',
    says: '',
    breaks: 'rejoined',
    rules: { ...rejoined, rejoins: 'when an older look at the outbox is done' },
  },
  { id: 'logged', says: '', rules: logged },
  { id: 'logged-any', says: '', rules: { ...logged, guard: 'anything' } },
  {
    id: 'logged-first',
    says: '',
    breaks: 'logged',
    rules: { ...logged, writerSteps: ['log', 'invalidate', 'acknowledge'] },
  },
  {
    id: 'logged-late',
    says: '',
    breaks: 'logged',
    rules: { ...logged, writerSteps: ['invalidate', 'acknowledge', 'log'] },
  },
  {
    id: 'logged-join',
    says: '',
    breaks: 'logged',
    rules: { ...logged, joinsChecks: 'until they are answered' },
  },
  { id: 'logged-unguarded', says: '', breaks: 'logged', rules: { ...logged, guard: 'none' } },
  { id: 'logged-own', says: '', breaks: 'logged', rules: { ...logged, guard: 'its own key' } },
  { id: 'logged-uncompared', says: '', breaks: 'logged', rules: { ...logged, matches: () => true } },
  { id: 'copied', says: '', rules: copied },
  { id: 'copied-unguarded', says: '', breaks: 'copied', rules: { ...copied, guard: 'none' } },
  { id: 'copied-own', says: '', breaks: 'copied', rules: { ...copied, guard: 'its own key' } },
  { id: 'lost', says: '', rules: lost },
  { id: 'lost-unnoticed', says: '', breaks: 'lost', rules: { ...lost, noticesLostLog: false } },
  { id: 'logRelayed', says: '', rules: logRelayed },
  {
    id: 'logRelayed-bumponly',
    says: '',
    breaks: 'logRelayed',
    rules: { ...logRelayed, relaySteps: ['invalidate', 'done'] },
  },
  { id: 'logRestarted', says: '', rules: logRestarted },
  {
    id: 'logRestarted-silent',
    says: '',
    breaks: 'logRestarted',
    rules: { ...logRestarted, forgets: 'without announcing it' },
  },
];
