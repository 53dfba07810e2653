import { requests, seenOf, type Seen, type Sent } from './front-requests.js';
import type { HttpWorld } from './http-world.js';

/** A world that is served somewhere. */
export interface ServedWorld extends HttpWorld {
  readonly url: string;
}

/** What two servers of equal worlds answer differently, of requests of all kinds, in five rounds with what changes in between. */
export async function differingAnswers(one: ServedWorld, other: ServedWorld): Promise<readonly unknown[]> {
  const differing: unknown[] = [];
  const askBoth = async (sent: Sent): Promise<Seen> => {
    const [seen, expected] = [await seenOf(one.url, sent), await seenOf(other.url, sent)];
    if (JSON.stringify(seen) !== JSON.stringify(expected)) differing.push({ sent, seen, expected });
    return seen;
  };
  for (let round = 0; round < 5; round += 1) {
    for (const sent of requests) {
      const { headers } = await askBoth(sent);
      const entityTag = headers.find((line) => line.toLowerCase().startsWith('etag: '))?.slice(6);
      if (entityTag !== undefined)
        await askBoth({ ...sent, headers: { ...sent.headers, 'if-none-match': entityTag } });
    }
    for (const { cache, clock, changeUnseen } of [one, other]) {
      clock.advance(1500);
      // In some rounds everything is new.
      if (round === 2) changeUnseen('second');
      if (round === 2) await cache.invalidate(['Film:1', 'News']);
    }
  }
  return differing;
}
