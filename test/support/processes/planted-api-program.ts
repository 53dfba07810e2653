import { setTimeout as passes } from 'node:timers/promises';
import { announce } from '../../../src/start/announce.js';
import { startApi } from '../../../src/start/api.js';
import type { Store } from '../../../src/cache/index.js';
import { readConfig } from '../../../src/config.js';
import { createLog } from '../../../src/http/create-log.js';
import { createRedisStore } from '../../../src/redis/create-redis-store.js';
import { withBlindFill } from '../stores/planted-stores.js';

/** A process that stands still between a load and its fill, as often as there are fills. */
function withLateFill(store: Store): Store {
  return {
    ...store,
    fill: async (fills) => {
      await passes(Math.random() * 200);
      return store.fill(fills);
    },
  };
}

/** The API as a program, like src/server.ts, with what its first parameter names in its store. */
const plants: Readonly<Record<string, (store: Store) => Store>> = {
  'late-fill': withLateFill,
  'late-and-blind-fill': (store) => withLateFill(withBlindFill(store)),
};

const name = process.argv[2] ?? '';
const plant = plants[name];
if (plant === undefined) throw new Error(`there is no mistake "${name}" to plant`);
const config = readConfig(process.env);
const log = await createLog(config);
const store = plant(createRedisStore(config.redisUrl ?? '', config.redisPrefix, config.redisTls));
await announce(await startApi(config, { log, store }), config, log);
