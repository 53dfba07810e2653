import type { Redis } from 'ioredis';
import { ASKED_HALF_LIFE_MS, MOST_COUNTED, type Asked } from '../../store/asked.js';
import { runScript } from '../connection/lua-script.js';
import type { RedisNames } from '../redis-names.js';
import { storeScripts } from './store-scripts.js';

/** Without a call for so long they are forgotten: nothing is immortal. */
const KEPT_MS = 24 * 60 * 60 * 1000;

export async function countAsked(
  redis: Redis,
  names: Pick<RedisNames, 'asked' | 'askedFaded'>,
  { field, asked }: { readonly field: string; readonly asked: readonly Asked[] },
): Promise<void> {
  const counts = asked.flatMap(({ argumentSet, times }) => [argumentSet, times]);
  const args = [ASKED_HALF_LIFE_MS, MOST_COUNTED, KEPT_MS, ...counts];
  await runScript(redis, storeScripts.countAsked, [
    { keys: [names.asked(field), names.askedFaded(field)], args },
  ]);
}

export async function mostAsked(
  redis: Redis,
  names: Pick<RedisNames, 'asked' | 'askedFaded'>,
  { field, atMost }: { readonly field: string; readonly atMost: number },
): Promise<readonly Asked[]> {
  const reply = await redis.zrevrangeBuffer(names.asked(field), 0, atMost - 1, 'WITHSCORES');
  const most: Asked[] = [];
  for (let index = 0; index + 1 < reply.length; index += 2) {
    const [argumentSet, times] = reply.slice(index, index + 2);
    if (argumentSet !== undefined) most.push({ argumentSet, times: Number(times?.toString('latin1')) });
  }
  return most;
}
