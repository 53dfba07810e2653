import { flightKey } from '../../../src/cache/stampede/flights.js';
import { BUILT, type Rules } from '../rules.js';
import { OWN, TAG } from '../world.js';
import type { Variant } from './variant.js';

const isNeverCompared = (): boolean => true;

const oneKey: Rules = { ...BUILT, evictions: 2 };
const uncompared: Rules = { ...oneKey, matches: isNeverCompared };
const unchecked: Rules = { ...oneKey, fillIsChecked: false };
const twoTags: Rules = {
  ...BUILT,
  stamped: [OWN, TAG],
  writers: [{ tags: [OWN] }, { tags: [TAG] }],
  evictions: 1,
};
const entryFirst: Rules = { ...twoTags, reads: 'entry first' };
const generationsFirst: Rules = { ...twoTags, reads: 'generations first' };
const late: Rules = { ...BUILT, evictions: 1, ghosts: 2 };
const lateTwoTags: Rules = { ...twoTags, evictions: 0, ghosts: 1 };
const flights: Rules = { ...twoTags, flights: flightKey };

/** Entries and their generations. */
export const entryVariants: readonly Variant[] = [
  {
    name: 'one key',
    says: 'The entry depends on its own key: hits compare, fills are checked, invalidations delete. Two evictions.',
    rules: oneKey,
    atLeast: 20_000,
  },
  {
    name: 'one key: loads, then acquires',
    says: 'The generation is acquired after the load.',
    rules: { ...oneKey, loadsBeforeAcquiring: true },
    breaks: ['one key'],
  },
  {
    name: 'one key, hits not compared',
    says: 'Checked fills and invalidations that delete are enough for the own key.',
    rules: uncompared,
    atLeast: 20_000,
  },
  {
    name: 'one key, hits not compared: the entry stays',
    says: 'The invalidation replaces the generation and leaves the entry.',
    rules: { ...uncompared, invalidationDeletesEntry: false },
    breaks: ['one key, hits not compared'],
  },
  {
    name: 'one key, fills not checked',
    says: 'So is the comparison alone.',
    rules: unchecked,
    atLeast: 20_000,
  },
  {
    name: 'one key: neither',
    says: 'Neither are hits compared nor fills checked.',
    rules: { ...unchecked, matches: isNeverCompared },
    breaks: ['one key, hits not compared', 'one key, fills not checked'],
  },
  {
    name: 'two tags',
    says: 'The entry depends on its own key and on another tag; one writer for each. One eviction.',
    rules: twoTags,
    atLeast: 80_000,
  },
  {
    name: 'two tags: hits not compared',
    says: 'Nothing else keeps an entry from being found whose other tag was invalidated.',
    rules: { ...twoTags, matches: isNeverCompared },
    breaks: ['two tags'],
  },
  {
    name: 'two tags: loads, then acquires',
    says: 'The generations are acquired after the load.',
    rules: { ...twoTags, loadsBeforeAcquiring: true },
    breaks: ['two tags'],
  },
  {
    name: 'two tags, entry first',
    says: 'A read is two commands: the entry, then the generations.',
    rules: entryFirst,
    atLeast: 100_000,
  },
  {
    name: 'two tags, entry first: hits not compared',
    says: 'As above.',
    rules: { ...entryFirst, matches: isNeverCompared },
    breaks: ['two tags, entry first'],
  },
  {
    name: 'two tags, generations first',
    says: 'A read is two commands: the generations, then the entry.',
    rules: generationsFirst,
    atLeast: 150_000,
  },
  {
    name: 'two tags, generations first: older ones',
    says: 'A read compares with generations that were fetched before it began.',
    rules: { ...generationsFirst, comparesWithOlder: true },
    breaks: ['two tags, generations first'],
  },
  {
    name: 'late commands',
    says: 'Two of invalidations, acquires and fills run once more at any later time. One eviction.',
    rules: late,
    atLeast: 75_000,
  },
  {
    name: 'late commands: ids come back',
    says: 'An acquire that runs twice makes the same id twice.',
    rules: { ...late, idsComeBack: true },
    breaks: ['late commands'],
  },
  {
    name: 'late commands, two tags',
    says: 'One late command of any kind, for either tag.',
    rules: lateTwoTags,
    atLeast: 50_000,
  },
  {
    name: 'late commands, two tags: ids come back',
    says: 'As above.',
    rules: { ...lateTwoTags, idsComeBack: true },
    breaks: ['late commands, two tags'],
  },
  {
    name: 'flights',
    says: 'Readers join loads under way, named by key and generations.',
    rules: flights,
    atLeast: 200_000,
  },
  {
    name: 'flights: any is joined',
    says: 'Flights are named by the key alone.',
    rules: { ...flights, flights: (key) => key },
    breaks: ['flights'],
  },
];
