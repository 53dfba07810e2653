import fc from 'fast-check';
import { getNamedType, isListType, getNullableType, type GraphQLArgument, type GraphQLSchema } from 'graphql';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiCache } from '../../src/start/api-cache.js';
import { memoryOutbox } from '../../src/cache/testing/index.js';
import type { Api } from '../../src/start/api.js';
import { memoryStore } from '../../src/cache/index.js';
import { readConfig } from '../../src/config.js';
import type { Database } from '../../src/database/database.js';
import { buildSchema } from '../../src/schema/build-schema.js';
import { flushed } from '../support/worlds/flushed.js';
import { forgetfulStore } from '../support/stores/forgetful-store.js';
import { withBlindHits } from '../support/stores/planted-stores.js';
import { randomQuery, type Draw } from '../support/load/random-query.js';
import { apiOver, post, seededDatabase, signInAll } from '../support/worlds/seeded-api.js';

/** Few values, so that queries meet each other's entries; some of them are refused. */
const IDS = ['1', '1', '2', '2', '3', '3', '30', '777', '3200', '999999', '01', 'x'];
const TEXTS = ['star', 'THE', 'é', '', '%', 'a\\"b'];
const GENRES = ['Drama', 'Comedy', 'Nope'];
const COUNTS = ['1', '2', '2', '3', '3', '5', '0'];
const DECADES = ['1990', '2000', '1995'];

function literal(draw: Draw, _coordinate: string, { name, type }: GraphQLArgument): string {
  const one = (values: readonly string[]): string => draw(fc.constantFrom<string[]>, ...values);
  const quoted = (values: readonly string[]): string => `"${one(values)}"`;
  if (isListType(getNullableType(type))) {
    return `[${Array.from({ length: draw(fc.integer, { min: 0, max: 4 }) }, () => quoted(IDS)).join(', ')}]`;
  }
  if (getNamedType(type).name === 'ID') return quoted(IDS);
  if (name === 'decade') return one(DECADES);
  if (name === 'genre') return quoted(GENRES);
  if (name === 'after') return 'null';
  return getNamedType(type).name === 'Int' ? one(COUNTS) : quoted(TEXTS);
}

/** The same bytes with the errors sorted: GraphQL lists them as they happen, and a hit happens earlier than a load. */
function inOrder(body: string): string {
  const answer: unknown = JSON.parse(body);
  if (
    typeof answer !== 'object' ||
    answer === null ||
    !('errors' in answer) ||
    !Array.isArray(answer.errors)
  ) {
    return body;
  }
  return JSON.stringify({ ...answer, errors: answer.errors.map((error) => JSON.stringify(error)).sort() });
}

/**
 * True for the same bytes. Where an error has voided the whole answer, what would have gone wrong elsewhere in it may
 * happen before or after that, and is told or not: one of the two tells all that the other does.
 */
function isSame(one: string, other: string): boolean {
  if (one === other) return true;
  const voided = [one, other].map((body) => errorsOfVoid(body));
  const [ofOne, ofOther] = voided;
  if (ofOne === undefined || ofOther === undefined) return false;
  const includes = (all: readonly unknown[], some: readonly unknown[]): boolean =>
    some.length > 0 && some.every((error) => all.includes(error));
  return includes(ofOne, ofOther) || includes(ofOther, ofOne);
}

function errorsOfVoid(body: string): readonly unknown[] | undefined {
  const { data, errors } = JSON.parse(body) as { data?: unknown; errors?: unknown };
  return data === null && Array.isArray(errors) ? errors : undefined;
}

/** What tells of the cache itself is not the same with it and without. */
const ABOUT_THE_CACHE = new Set(['Query.cacheReport', 'Query.cacheEntry', 'Query.explainOperation']);

/** A viewer got something else than he would without the cache. */
class OtherBytes extends Error {}

/** A write that changes what some queries answer, by the viewer of this number (member, editor, admin). */
function randomWrite(draw: Draw): { source: string; viewer: number } {
  const movie = draw(fc.constantFrom<string[]>, '1', '2', '3', '30');
  const number = draw(fc.integer, { min: 1, max: 5 });
  const viewer = draw(fc.nat, { max: 2 });
  return draw(
    fc.constantFrom<{ source: string; viewer: number }[]>,
    { viewer, source: `mutation { rateMovie(movieId: ${movie}, stars: ${number}) { stars } }` },
    {
      viewer,
      source: `mutation { recordPlayback(movieId: ${movie}, positionSeconds: ${number}) { positionSeconds } }`,
    },
    { viewer, source: `mutation { updateProfile(input: { displayName: "Name ${number}" }) { id } }` },
    {
      viewer: 1,
      source: `mutation { updateMovie(id: ${movie}, input: { title: "Star ${number}" }) { id } }`,
    },
    {
      viewer: 1,
      source: `mutation { updateMovie(id: ${movie}, input: { directorName: "Person ${number}" }) { id } }`,
    },
  );
}

describe('three viewers with random queries and writes', () => {
  let database: Database;
  let tokens: string[];
  let schema: GraphQLSchema;
  const apis: Api[] = [];
  const started = async (options?: Parameters<typeof apiOver>[1]): Promise<Api> => {
    const api = await apiOver(database, options);
    apis.push(api);
    return api;
  };

  beforeAll(async () => {
    database = await seededDatabase();
    const config = readConfig({ NODE_ENV: 'test' });
    const log = pino({ level: 'silent' });
    schema = buildSchema(
      createApiCache(config, {
        log,
        clock: undefined,
        store: undefined,
        outbox: memoryOutbox().outbox(),
        backgroundContext: () => new Promise(() => undefined),
      }),
    );
    tokens = await signInAll(await started());
  }, 120_000);

  afterAll(async () => {
    await Promise.all(apis.map((api) => api.close()));
    await database.close();
  });

  /** Fails as soon as one viewer gets one byte that he would not get without the cache. */
  function sameBytes(on: Api, off: Api) {
    return fc.asyncProperty(fc.gen(), async (draw) => {
      if (draw(fc.nat, { max: 2 }) === 0) {
        const { source, viewer } = randomWrite(draw);
        expect(await post(on, source, { token: tokens[viewer] ?? '' })).not.toContain('"errors"');
        // Without a cache nobody sees what is written behind before the database has it.
        await flushed(on.cache);
      }
      const query = randomQuery(draw, { schema, literal, maxDepth: 3, without: ABOUT_THE_CACHE });
      for (const token of tokens) {
        const expected = inOrder(await post(off, query, { token }));
        for (let times = 0; times < 2; times += 1) {
          const answer = inOrder(await post(on, query, { token }));
          if (!isSame(answer, expected))
            throw new OtherBytes(`${query}\n  on:  ${answer}\n  off: ${expected}`);
        }
      }
    });
  }

  it('get the same bytes with the cache on and off', async () => {
    const on = await started();
    const off = await started({ store: forgetfulStore() });
    await fc.assert(sameBytes(on, off), { numRuns: 120 });
    const hits = Object.values(on.cache.stats.counters()).reduce((sum, counters) => sum + counters.hits, 0);
    expect(hits).toBeGreaterThan(1000);
  }, 240_000);

  it('would not, if hits did not compare generations', async () => {
    const on = await started({ store: withBlindHits(memoryStore()) });
    const off = await started({ store: forgetfulStore() });
    const { errorInstance } = await fc.check(sameBytes(on, off), { numRuns: 200, endOnFailure: true });
    expect(errorInstance).toBeInstanceOf(OtherBytes);
  }, 240_000);
});
