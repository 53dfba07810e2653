import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import {
  CacheError,
  createCache,
  memoryJournal,
  memoryStore,
  type CacheOptions,
} from '../../src/cache/index.js';
import { redisJournal, redisStore } from '../../src/cache/redis/index.js';
import { hintOf, nearestName } from '../../src/cache/nearest-name.js';

/** A call as JavaScript makes it: the compiler does not know what it is handed. */
function untyped<Result>(call: (given: never) => Result, given: object): Result {
  const target: Function = call;
  const result: Result = Reflect.apply(target, undefined, [given]);
  return result;
}

const create = (given: object): unknown => untyped(createCache<unknown>, { store: memoryStore(), ...given });
const client = new Redis({ lazyConnect: true });

function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
    expect(error.code).toBe('CACHE_CONFIGURATION');
    return error.message;
  }
  return 'nothing was thrown';
}

describe('an option that does not exist is refused', () => {
  it('by createCache, all of them together, those of its parts included', () => {
    const given = {
      stritCopies: true,
      origns: {},
      colour: 'red',
      loads: { atMst: 3 },
      localCopies: { maxEntrys: 5 },
      prefetch: { warmset: 3, deadline: 4 },
      shadow: { shares: 0.1 },
    };
    expect(refusal(() => create(given))).toBe(
      'createCache: there is no option "stritCopies" (did you mean "strictCopies"?); ' +
        'there is no option "origns" (did you mean "origins"?); ' +
        'there is no option "colour"; ' +
        'there is no option "loads.atMst" (did you mean "atMost"?); ' +
        'there is no option "localCopies.maxEntrys" (did you mean "maxEntries"?); ' +
        'there is no option "prefetch.warmset" (did you mean "warmSets"?); ' +
        'there is no option "prefetch.deadline" (there are warmSets, mostAsked, loadsPerSecond, atOnce and warmUpWithinMs); ' +
        'there is no option "shadow.shares" (did you mean "share"?)',
    );
  });

  it.each<[call: string, make: () => unknown, sentence: string]>([
    [
      'memoryStore',
      () => untyped(memoryStore, { maxEntris: 5 }),
      'memoryStore: there is no option "maxEntris" (did you mean "maxEntries"?)',
    ],
    [
      'redisStore',
      () => untyped((given: object) => redisStore(client, given), { ttl: 5, prefx: 'x' }),
      'redisStore: there is no option "ttl" (there are prefix, commandTimeoutMs and connectTimeoutMs); ' +
        'there is no option "prefx" (did you mean "prefix"?)',
    ],
    [
      'memoryJournal',
      () => untyped(memoryJournal, { maxPendig: 5 }),
      'memoryJournal: there is no option "maxPendig" (did you mean "maxPending"?)',
    ],
    [
      'redisJournal',
      () => untyped((given: object) => redisJournal(client, given), { durabilty: 'always' }),
      'redisJournal: there is no option "durabilty" (did you mean "durability"?)',
    ],
    [
      'cache.apolloPlugin',
      () => untyped(createCache({ store: memoryStore() }).apolloPlugin, { evidnce: () => true, debug: true }),
      'cache.apolloPlugin: there is no option "evidnce" (did you mean "evidence"?); ' +
        'there is no option "debug" (there is only evidence)',
    ],
    [
      'the option probe',
      () => untyped(createCache, { store: memoryStore(), probe: { everMs: 5 } }),
      'createCache: there is no option "probe.everMs" (did you mean "everyMs"?)',
    ],
  ])('by %s', (_call, make, sentence) => {
    expect(refusal(make)).toBe(sentence);
  });

  it('by cache.fetch, which loads nothing then', async () => {
    const cache = createCache({ store: memoryStore() });
    let loads = 0;
    const fetched = untyped((given: { ttl: number }) => cache.fetch('Session:1', given, () => (loads += 1)), {
      tll: 5,
      ttl: 5,
      staleIferror: 3,
    });
    await expect(fetched).rejects.toThrow(
      new CacheError(
        'CACHE_FETCH_OPTIONS',
        'cache.fetch: there is no option "tll" (did you mean "ttl"?); ' +
          'there is no option "staleIferror" (did you mean "staleIfError"?)',
      ),
    );
    await expect(fetched).rejects.toMatchObject({ code: 'CACHE_FETCH_OPTIONS' });
    expect(loads).toBe(0);
  });
});

describe('shadow checks', () => {
  it.each([
    [
      { share: 0 },
      'createCache: shadow.share must be more than 0 and at most 1, but got 0; leave out shadow to check nothing',
    ],
    [
      { switchOffAfter: 0 },
      'createCache: shadow.share must be more than 0 and at most 1, but got undefined; leave out shadow to check nothing; ' +
        'shadow.switchOffAfter must be a positive whole number, but got 0',
    ],
    [0.001, 'createCache: shadow must be an object, but got 0.001'],
  ])('are refused where they cannot be: %j', (shadow, sentence) => {
    expect(refusal(() => create({ shadow }))).toBe(sentence);
  });
});

describe('an option that is undefined has its default', () => {
  it('of createCache and of its parts', () => {
    const names = ['viewer', 'origins', 'fetches', 'types', 'strictCopies', 'environment', 'log', 'clock'];
    const more = [
      'onStoreLoss',
      'disabled',
      'journal',
      'warm',
      'backgroundContext',
      'random',
      'loads',
      'prefetch',
      'shadow',
    ];
    const nothing = (of: readonly string[]): object =>
      Object.fromEntries(of.map((name) => [name, undefined]));
    create(nothing([...names, ...more, 'localCopies']));
    create({
      loads: nothing([
        'leaseMs',
        'deadlineMs',
        'waitAtMostMs',
        'atMost',
        'atMostWithoutStore',
        'softTimeoutMs',
      ]),
      localCopies: nothing(['maxEntries', 'maxBytes', 'eviction']),
      prefetch: nothing(['warmSets', 'mostAsked', 'loadsPerSecond', 'atOnce', 'warmUpWithinMs']),
    });
  });

  it('of the stores and journals', () => {
    untyped(memoryStore, {
      maxEntries: undefined,
      maxBytes: undefined,
      eviction: undefined,
      clock: undefined,
    });
    untyped(memoryJournal, { clock: undefined, maxPending: undefined });
    untyped((given: object) => redisStore(client, given), { prefix: undefined });
    untyped((given: object) => redisJournal(client, given), { prefix: undefined, storePrefix: undefined });
  });
});

describe('an option of the wrong kind is refused:', () => {
  const wrongKinds: readonly [given: object, sentence: string][] = [
    [{ store: undefined }, 'store is missing; pass store: memoryStore() or redisStore(client)'],
    [
      { store: new Map() },
      'store must be a store, such as memoryStore() or redisStore(client), but has no read',
    ],
    [
      { store: 'redis' },
      'store must be a store, such as memoryStore() or redisStore(client), but has no read',
    ],
    [{ viewer: 'id' }, 'viewer must be a function, but got "id"'],
    [{ environment: 'prod' }, 'environment must be one of development, test, production, but got "prod"'],
    [{ onStoreLoss: 'fial' }, 'onStoreLoss must be one of fail, degrade, but got "fial"'],
    [{ acknowledge: 'none' }, 'acknowledge must be one of region, all, but got "none"'],
    [
      { acknowledge: 'all' },
      'acknowledge: "all" waits for the other stores of an outbox, but there is none; pass outbox: postgresOutbox({ pool }), or remove acknowledge',
    ],
    [
      { acknowledgeWithinMs: 1000 },
      'acknowledgeWithinMs is about acknowledge: "all"; pass that too, or remove it',
    ],
    [
      { region: 'eu west' },
      'region must be a name of at most 64 letters, digits and _ . -, but got "eu west"',
    ],
    [{ strictCopies: 'on' }, 'strictCopies must be true or false, but got "on"'],
    [
      { disabled: 'Query.movie' },
      'disabled must be "all" or a list of coordinates such as "Query.movie", but got "Query.movie"',
    ],
    [{ prefetch: true }, 'prefetch must be an object or false, but got true'],
    [{ loads: 5 }, 'loads must be an object, but got 5'],
    [{ localCopies: [] }, 'localCopies must be an object, but got a list'],
    [{ localCopies: { maxEntries: 0 } }, 'localCopies.maxEntries must be a positive whole number, but got 0'],
    [
      { localCopies: { eviction: 'fifo' } },
      'localCopies.eviction must be one of s3-fifo, lru, lfu, ttl, but got "fifo"',
    ],
    [
      { journal: {} },
      'journal must be a journal, such as memoryJournal() or redisJournal(client), but got an object',
    ],
    [{ log: () => undefined }, 'log must be an object with warn and error, but got a function'],
    [{ clock: Date.now }, 'clock must be an object with nowMs, sleep and after, but got a function'],
    [{ random: 0.5 }, 'random must be a function, but got 0.5'],
    [
      { warm: { 'Query.a': [{}] } },
      'warm must be an object with a function for each coordinate, but got an object',
    ],
    [{ backgroundContext: {} }, 'backgroundContext must be a function, but got an object'],
    [
      { types: [{ name: 'Decimal' }] },
      'types must be a list of objects with name, is, encode and decode, but got a list',
    ],
    [{ fetches: 'Session' }, 'fetches must be a list of namespaces such as "Session", but got "Session"'],
    [
      { fetches: ['Session:{args.id}'] },
      'fetches must name namespaces, the part of a key before its first colon, but got "Session:{args.id}"',
    ],
  ];

  it.each(wrongKinds.map(([given, sentence]) => ({ given, sentence })))(
    '$sentence',
    ({ given, sentence }) => {
      expect(refusal(() => create(given))).toBe(`createCache: ${sentence}`);
    },
  );

  it('and createCache without anything says what it needs', () => {
    expect(refusal(() => Reflect.apply(createCache, undefined, []))).toBe(
      'createCache: store is missing; pass store: memoryStore() or redisStore(client)',
    );
  });
});

describe('an origin is refused', () => {
  const load: NonNullable<NonNullable<CacheOptions<unknown>['origins']>[string]['load']> = (ids) =>
    Promise.resolve(ids);

  it.each<[title: string, origin: unknown, sentence: string]>([
    ['that can do nothing', {}, 'origins.Movie has neither load nor flush'],
    [
      'whose load is misspelt',
      { laod: load },
      'origins.Movie has neither load nor flush (did you mean "load" instead of "laod"?)',
    ],
    [
      'whose other members are misspelt',
      { load, flsh: load, isPermanant: load },
      'origins.Movie has a member that origins do not have (did you mean "flush" instead of "flsh", "isPermanent" instead of "isPermanant"?)',
    ],
    ['that is a function', load, 'origins.Movie must be an object with load or flush, but got a function'],
    ['whose load is no function', { load: [] }, 'origins.Movie.load must be a function, but got a list'],
  ])('%s', (_title, Movie, sentence) => {
    expect(refusal(() => create({ origins: { Movie } }))).toBe(`createCache: ${sentence}`);
  });

  it('but not for what else it has, nor where its class has the members', () => {
    class Films {
      readonly loads = 0;
      readonly table = 'Movie';
      query(): void {}
      load(ids: readonly string[]): Promise<readonly string[]> {
        return Promise.resolve(ids);
      }
    }
    create({ origins: { Movie: new Films(), Person: { load, query: load } } });
  });
});

describe('strict copies', () => {
  it('are refused over a store that keeps no log, when the cache is made', () => {
    expect(refusal(() => create({ strictCopies: true }))).toBe(
      'createCache: strictCopies needs a store with a log of invalidations, which processes share, and a Redis Cluster ' +
        'has none, since one node would hold up every request and every write; pass store: redisStore(client) with the ' +
        'client of a single primary, or remove strictCopies',
    );
  });

  it('are taken over Redis', () => {
    create({ store: redisStore(client), strictCopies: true });
  });
});

describe('the nearest name', () => {
  it.each([
    ['Prod', ['Movie', 'Product'], 'Product'],
    ['TTL', ['ttl', 'tags'], 'ttl'],
    ['laod', ['flush', 'load'], 'load'],
    ['x', ['ttl', 'tags'], undefined],
    ['colour', ['counter', 'local'], undefined],
  ])('to %s among %j is %s', (name, known, nearest) => {
    expect(nearestName(name, known)).toBe(nearest);
  });

  it('is told; all names are where none is near and they are few', () => {
    expect(hintOf('origns', ['origins', 'store'])).toBe('did you mean "origins"?');
    expect(hintOf('colour', ['origins', 'store'])).toBe('there are origins and store');
    expect(hintOf('colour', ['store'])).toBe('there is only store');
    expect(
      hintOf(
        'colour',
        Array.from({ length: 9 }, (_, index) => `option number ${index}`),
      ),
    ).toBeUndefined();
  });
});
