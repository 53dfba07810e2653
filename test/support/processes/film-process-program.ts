import { setTimeout as passes } from 'node:timers/promises';
import { graphql } from 'graphql';
import pg from 'pg';
import { createCache, type Outbox } from '../../../src/cache/index.js';
import { postgresOutbox } from '../../../src/cache/postgres/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { seenFilms } from '../worlds/seen-films.js';
import type { FilmProcessSettings, FilmRequest } from './film-process.js';
import { redisClient } from '../servers/redis-client.js';

/** A process of its own with a cache of films, told by messages what to do: see `film-process.ts`. */
const { redisUrl, databaseUrl, source, plant } = JSON.parse(process.argv[2] ?? '{}') as FilmProcessSettings;
const APPLIED_LATE_MS = 1500;

const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
pool.on('error', () => undefined);
const tables = { Film: { table: 'films' } };
const log = { info: () => undefined, warn: () => undefined };
const outbox = postgresOutbox({ pool, tables, source, log });

function confirmedEarly(inner: Outbox): Outbox {
  return {
    ...inner,
    relay: (apply, forgetAll) =>
      inner.relay((rows) => {
        void passes(APPLIED_LATE_MS).then(() => apply(rows));
        return Promise.resolve();
      }, forgetAll),
  };
}

const cache = createCache({
  store: redisStore(redisClient(redisUrl), { prefix: 'films' }),
  outbox: plant === 'confirmed-early' ? confirmedEarly(outbox) : outbox,
  log: { warn: () => undefined, error: () => undefined },
});

const schema = seenFilms({ cache, reader: () => pool, writer: pool });

async function answerOf(request: FilmRequest): Promise<unknown> {
  if ('write' in request) {
    const { data } = await graphql({
      schema,
      source: `mutation { touch(id: ${request.write}) }`,
      contextValue: {},
    });
    return data?.['touch'];
  }
  const fields = request.read.map((id) => `f${id}: seen(id: ${id})`).join(' ');
  const { data } = await graphql({ schema, source: `{ ${fields} }`, contextValue: {} });
  return request.read.map((id) => data?.[`f${id}`]);
}

process.on('message', (request: FilmRequest) => {
  void answerOf(request).then(
    (result) => process.send?.({ number: request.number, result }),
    (error: unknown) => process.send?.({ number: request.number, error: String(error) }),
  );
});
await cache.start();
process.send?.({ number: 0 });
