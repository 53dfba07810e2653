import { expect, it } from 'vitest';
import { createCache, memoryStore } from '../../../src/cache/index.js';

it.each<[unknown, string]>([
  ['on', 'http must be true, false or an object such as { maxAge: "shared" }'],
  [{ maxAge: 60 }, 'http.maxAge must be "none", "shared" or "all", but got 60'],
  [{ mayRefresh: true }, 'http.mayRefresh must be a function of the context'],
  [{ maxage: 'all' }, 'there is no option "http.maxage"'],
  [{ tags: { header: 'Cache-Tag' } }, 'http.tags needs http.maxAge, as nothing is kept otherwise'],
  [{ maxAge: 'all', tags: { header: 'Cache Tag' } }, 'http.tags.header must be the name of a header'],
  [{ maxAge: 'all', tags: { header: 'X', separator: ';' } }, 'http.tags.separator must be "," or " "'],
  [
    { maxAge: 'all', tags: { header: 'X', maxBytes: 0 } },
    'http.tags.maxBytes must be a positive whole number',
  ],
  [{ maxAge: 'all', tags: { header: 'X', hash: true } }, 'there is no option "http.tags.hash"'],
])('an option http that cannot be is refused with a sentence: %j', (http, sentence) => {
  const options: object = { store: memoryStore(), http };
  expect(() => Reflect.apply(createCache, undefined, [options])).toThrow(sentence);
});
