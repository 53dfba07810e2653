import { describe, expect, it } from 'vitest';
import { createGate } from '../support/gate.js';
import { filmWorld, type FilmWorld } from '../support/worlds/film-world.js';

/** One request, as its client makes it. */
export interface ServerRequest {
  readonly source: string;
  /** Who is signed in; nobody by default. */
  readonly viewer?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** An answer as its client gets it, with the evidence that the server added as `extensions.cache`. */
export interface ServerAnswer {
  readonly data: unknown;
  readonly errors: readonly string[];
  /** `Query.film HIT`, in the order of the fields. */
  readonly outcomes: readonly string[];
  readonly loads: number;
  /** `strict`, or `bounded` and why. */
  readonly consistency: string;
}

export interface StartedServer {
  ask(request: ServerRequest): Promise<ServerAnswer>;
  close(): Promise<void>;
}

/** Starts a server on the schema of a world; every answer carries evidence. */
export type StartServer = (world: FilmWorld) => Promise<StartedServer>;

export interface ServerHarness {
  readonly start: StartServer;
  /** Where the server itself puts the request into the context, so that a load could look at the viewer there. */
  readonly requestProperties: readonly string[];
}

/** A world and a server on it, for one check. */
export interface ServedWorld extends FilmWorld {
  ask(source: string, viewer?: string, variables?: Readonly<Record<string, unknown>>): Promise<ServerAnswer>;
}

/** One behaviour of the engine that every server shows. */
export interface ServerCheck {
  readonly title: string;
  check(world: ServedWorld): Promise<void>;
}

const check = (title: string, run: ServerCheck['check']): ServerCheck => ({ title, check: run });

const readChecks: readonly ServerCheck[] = [
  check('the second read is a hit', async ({ ask, loads }) => {
    const cold = await ask('{ film(id: 1) { title } titles }');
    expect(cold.outcomes).toEqual(expect.arrayContaining(['Query.film MISS', 'Query.titles MISS']));
    expect(cold.loads).toBe(2);
    loads();
    const warm = await ask('{ film(id: 1) { title } titles }');
    expect(warm).toEqual({ ...cold, outcomes: ['Query.film HIT', 'Query.titles HIT'], loads: 0 });
    expect(loads()).toEqual([]);
  }),
  check('a list with a child field costs one load per level, and then none', async ({ ask, loads }) => {
    const source = '{ films(ids: [1, 2, 3, 4]) { title director { name } } }';
    const cold = await ask(source);
    expect(loads()).toEqual(['Film[1,2,3,4]', 'Person[1,0]']);
    expect(cold.loads).toBe(2);
    const warm = await ask(source);
    expect(loads()).toEqual([]);
    expect(warm.data).toEqual(cold.data);
    expect(warm.outcomes).toHaveLength(8);
    expect(new Set(warm.outcomes)).toEqual(new Set(['Query.films HIT', 'Film.director HIT']));
  }),
  check('one entry serves every alias, fragment and selection', async ({ ask, loads }) => {
    await ask('{ film(id: 1) { title } }');
    loads();
    const { data, outcomes } = await ask(
      `
      query Shapes($id: ID!) {
        a: film(id: "1") { id }
        b: film(id: $id) { ...Names }
        c: film(id: 1) { ... on Film { title } }
        d: films(ids: [1]) { title }
      }
      fragment Names on Film { id name: title }
    `,
      undefined,
      { id: '1' },
    );
    expect(data).toEqual({
      a: { id: '1' },
      b: { id: '1', name: 'film 1' },
      c: { title: 'film 1' },
      d: [{ title: 'film 1' }],
    });
    expect(outcomes.filter((outcome) => !outcome.endsWith('HIT'))).toEqual([]);
    expect(loads()).toEqual([]);
  }),
  check('fragments of one name and different bodies do not disturb each other', async ({ ask }) => {
    const first = await ask('query { film(id: 1) { ...F } } fragment F on Film { title }');
    const second = await ask('query { film(id: 1) { ...F } } fragment F on Film { id director { name } }');
    expect(first.data).toEqual({ film: { title: 'film 1' } });
    expect(second.data).toEqual({ film: { id: '1', director: { name: 'person 1' } } });
  }),
  check('one field under several aliases of one document is one load', async ({ ask, loads }) => {
    const { data } = await ask('{ a: titles b: titles c: film(id: 1) { id } d: film(id: 1) { title } }');
    expect(data).toMatchObject({ c: { id: '1' }, d: { title: 'film 1' } });
    expect(loads().sort()).toEqual(['Film[1]', 'titles']);
  }),
  check('a default argument and the same argument written out are one entry', async ({ ask, loads }) => {
    await ask('{ film(id: 1) { similar } }');
    loads();
    await ask(
      'query ($first: Int) { film(id: 1) { a: similar(first: 2) b: similar(first: $first) } }',
      undefined,
      {
        first: 2,
      },
    );
    expect(loads()).toEqual([]);
    await ask('{ film(id: 1) { similar(first: 3) } }');
    expect(loads()).toEqual(['similar(1,3)']);
  }),
  check('fields of different names with the same arguments have entries of their own', async ({ ask }) => {
    await ask('{ titles firstTitles }');
    const { data } = await ask('{ firstTitles titles }');
    expect(data).toEqual({ titles: ['film 1', 'film 2', 'film 3', 'film 4'], firstTitles: ['film 1'] });
  }),
  check('requests at the same time share one load', async ({ ask, loads, pauseLoads }) => {
    const gate = createGate();
    pauseLoads(() => gate.wait());
    const asked = Array.from({ length: 20 }, () => ask('{ film(id: 1) { title } }'));
    await gate.arrived();
    gate.open();
    const answers = await Promise.all(asked);
    expect(loads()).toEqual(['Film[1]']);
    for (const { data } of answers) expect(data).toEqual({ film: { title: 'film 1' } });
  }),
  check('null is a hit', async ({ ask, loads }) => {
    const source = '{ nothing film(id: 99) { title } films(ids: [99, 1]) { title } }';
    const cold = await ask(source);
    loads();
    const warm = await ask(source);
    expect(warm.data).toEqual({ nothing: null, film: null, films: [null, { title: 'film 1' }] });
    expect(warm.data).toEqual(cold.data);
    expect(warm.outcomes.filter((outcome) => !outcome.endsWith('HIT'))).toEqual([]);
    expect(loads()).toEqual([]);
  }),
  check('zero, false, an empty text and an empty list are hits', async ({ ask, loads }) => {
    await ask('{ zero no empty none }');
    loads();
    const { data } = await ask('{ zero no empty none }');
    expect(data).toEqual({ zero: 0, no: false, empty: '', none: [] });
    expect(loads()).toEqual([]);
  }),
  check('an error is not stored, and the next call loads', async ({ ask, loads, failOnce }) => {
    failOnce();
    const failed = await ask('{ flaky plain }');
    expect(failed.errors).toEqual(['the database is away']);
    expect(failed.data).toEqual({ flaky: null, plain: 'plain' });
    const mended = await ask('{ flaky }');
    expect(mended).toMatchObject({ data: { flaky: 'well' }, errors: [], outcomes: ['Query.flaky MISS'] });
    expect((await ask('{ flaky }')).outcomes).toEqual(['Query.flaky HIT']);
    expect(loads()).toEqual(['flaky', 'flaky']);
  }),
];

const writeChecks: readonly ServerCheck[] = [
  check('after a mutation is answered, reads are fresh: by key and by tag', async ({ ask }) => {
    await ask('{ film(id: 1) { title } titles }');
    const written = await ask('mutation { rename(id: 1, title: "new") { __typename } }');
    expect(written.outcomes).toEqual(['Mutation.rename INVALIDATED']);
    const { data, outcomes } = await ask('{ film(id: 1) { title } titles }');
    expect(data).toEqual({ film: { title: 'new' }, titles: ['new', 'film 2', 'film 3', 'film 4'] });
    expect([...outcomes].sort()).toEqual(['Query.film MISS', 'Query.titles MISS']);
  }),
  check('a mutation leaves other entries as they are', async ({ ask }) => {
    await ask('{ film(id: 2) { title } }');
    await ask('mutation { rename(id: 1, title: "new") { __typename } }');
    expect((await ask('{ film(id: 2) { title } }')).outcomes).toEqual(['Query.film HIT']);
  }),
  check('a read below a mutation of the same document sees its write', async ({ ask }) => {
    await ask('{ film(id: 1) { title } titles }');
    const { data } = await ask(`mutation {
      a: rename(id: 1, title: "first") { film { title } titles }
      b: rename(id: 1, title: "second") { film { title } titles }
      c: rename(id: 2, title: "third") { film { title } titles }
    }`);
    const others = ['film 3', 'film 4'];
    expect(data).toEqual({
      a: { film: { title: 'first' }, titles: ['first', 'film 2', ...others] },
      b: { film: { title: 'second' }, titles: ['second', 'film 2', ...others] },
      c: { film: { title: 'third' }, titles: ['second', 'third', ...others] },
    });
    expect((await ask('{ film(id: 1) { title } }')).data).toEqual({ film: { title: 'second' } });
  }),
  check('a load that began before a write answers nobody who asks after it', async ({ ask, pauseLoads }) => {
    const gate = createGate();
    pauseLoads(() => gate.wait());
    const slow = ask('{ titles }');
    await gate.arrived();
    pauseLoads(() => Promise.resolve());
    await ask('mutation { rename(id: 1, title: "new") { __typename } }');
    const fresh = await ask('{ titles }');
    gate.open();
    await slow;
    expect(fresh.data).toMatchObject({ titles: ['new', 'film 2', 'film 3', 'film 4'] });
    expect((await ask('{ titles }')).data).toEqual(fresh.data);
  }),
];

const consistencyChecks: readonly ServerCheck[] = [
  check(
    'a write that the store has missed is answered as bounded, and one after it as strict',
    async (world) => {
      const write = 'mutation { rename(id: 1, title: "new") { __typename } }';
      world.loseInvalidations(true);
      expect((await world.ask(write)).consistency).toBe('bounded, store');
      expect((await world.ask('{ plain }')).consistency).toBe('strict');
      world.loseInvalidations(false);
      expect((await world.ask(write)).consistency).toBe('strict');
    },
  ),
];

/** Exported one by one, because they are also shown to fail where viewers are mixed. */
export const viewerChecks: readonly ServerCheck[] = [
  check('PRIVATE fields of two viewers never mix', async ({ ask, loads }) => {
    const source = '{ mine note(filmId: 1) }';
    for (const viewer of ['ann', 'ben', 'ann', 'ben', 'ann:1', '']) {
      const { data, outcomes } = await ask(source, viewer);
      expect(data).toEqual({ mine: `for ${viewer}`, note: `${viewer} on 1` });
      expect(outcomes).toHaveLength(2);
    }
    expect(loads().filter((load) => /\((ann|ben)[,)]/.test(load))).toHaveLength(4);
    expect((await ask(source, 'ann')).outcomes).toEqual(['Query.mine HIT', 'Query.note HIT']);
  }),
  check('PRIVATE fields of two viewers at the same time never mix', async ({ ask, pauseLoads }) => {
    const gate = createGate();
    pauseLoads(() => gate.wait());
    const asked = ['ann', 'ben', 'ann', 'cyn'].map(async (viewer) => {
      const { data } = await ask('{ mine note(filmId: 1) }', viewer);
      expect(data).toEqual({ mine: `for ${viewer}`, note: `${viewer} on 1` });
    });
    await gate.arrived();
    gate.open();
    await Promise.all(asked);
  }),
  check('PRIVATE fields without a viewer are answered and not stored', async ({ ask, loads }) => {
    for (let times = 0; times < 2; times += 1) {
      const { data, outcomes } = await ask('{ mine note(filmId: 1) }');
      expect(data).toEqual({ mine: 'for nobody', note: 'nobody on 1' });
      expect(outcomes).toEqual(['Query.mine BYPASS', 'Query.note BYPASS']);
    }
    expect(loads()).toHaveLength(4);
    expect((await ask('{ mine }', 'nobody')).outcomes).toEqual(['Query.mine MISS']);
  }),
];

const leakChecks: readonly ServerCheck[] = [
  check('a PUBLIC load that touches the viewer throws and names its coordinate', async ({ ask }) => {
    const { data, errors } = await ask('{ leak plain }', 'ann');
    expect(data).toEqual({ leak: null, plain: 'plain' });
    expect(errors).toEqual([
      'Query.leak is cached for everybody (scope: PUBLIC), but its load read context.viewer; ' +
        'give the field scope: PRIVATE, or do not look at the viewer',
    ]);
  }),
  check('a PUBLIC load that looks for the viewer throws when nobody is signed in, too', async ({ ask }) => {
    const { data, errors } = await ask('{ leak }');
    expect(data).toEqual({ leak: null });
    expect(errors[0]).toContain('Query.leak is cached for everybody');
  }),
];

function requestCheck(property: string): ServerCheck {
  return check(`a PUBLIC load cannot reach the viewer through context.${property}`, async ({ ask }) => {
    const source = 'query ($property: String!) { leakRequest(property: $property) }';
    const { data, errors } = await ask(source, 'ann', { property });
    expect(data).toEqual({ leakRequest: null });
    expect(errors[0]).toContain(
      `Query.leakRequest is cached for everybody (scope: PUBLIC), but its load read context.${property}`,
    );
  });
}

/** Runs one check on a server of its own. */
export async function runServerCheck(
  start: StartServer,
  world: FilmWorld,
  { check: run }: ServerCheck,
): Promise<void> {
  const server = await start(world);
  try {
    await run({
      ...world,
      ask: (source, viewer, variables = {}) => server.ask({ source, viewer, variables }),
    });
  } finally {
    await server.close();
    await world.cache.close();
  }
}

/** The suite every GraphQL server passes on the schema that the engine hands back. */
export function serverContract(name: string, { start, requestProperties }: ServerHarness): void {
  const checks = [
    ...readChecks,
    ...writeChecks,
    ...consistencyChecks,
    ...viewerChecks,
    ...leakChecks,
    ...requestProperties.map(requestCheck),
  ];
  describe(`on ${name}`, () => {
    for (const one of checks) it(one.title, () => runServerCheck(start, filmWorld(), one));
  });
}
