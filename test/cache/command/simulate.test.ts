import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { corral } from '../../support/run-corral.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testCache } from '../../support/test-cache.js';

/** Ten films in turn, ten times, one every two seconds. */
async function recordedFile(maxBytes = 100_000): Promise<string> {
  const { cache, clock, query } = testCache({
    typeDefs: `type Query {
      film(id: ID!): String @cached(ttl: 5, key: "Film:{args.id}")
      other: Int @cached(ttl: 5)
    }`,
    resolvers: { Query: { film: () => 'a', other: () => 1 } },
    record: { maxBytes },
  });
  await query('{ other }');
  for (let read = 0; read < 100; read += 1) {
    clock.advance(2000);
    await query(`{ film(id: ${read % 10}) }`);
  }
  const file = path.join(await temporaryFolder(), 'traffic.bin');
  await writeFile(file, cache.stats.recording() ?? '');
  await cache.close();
  return file;
}

describe('corral simulate', () => {
  it('tells what was recorded, and a line for each ttl', async () => {
    const { code, out } = await corral([
      'simulate',
      await recordedFile(),
      '--ttl',
      '5,60',
      '--field',
      'Query.film',
    ]);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['field', 'ttl', 'reads', 'hits', 'loads', 'load time', 'evictions'],
      ['Query.film', 'as recorded', '100', '0.0 %', '100', '0.0 s', '0'],
      ['Query.film', '5 s', '100', '0.0 %', '100', '0.0 s', '0'],
      ['Query.film', '60 s', '100', expect.stringMatching(/^[67]\d\.0 %$/), expect.any(String), '0.0 s', '0'],
    ]);
  });

  it('tries swr, patterns and rooms, as JSON too', async () => {
    const file = await recordedFile();
    const hits = async (...flags: string[]): Promise<[hits: number, evictions: number]> => {
      const { out } = await corral(['simulate', file, '--field', 'Query.film', '--json', ...flags]);
      const { rows } = JSON.parse(out) as { rows: { hits: number; evictions: number }[] };
      const last = rows.at(-1);
      return [last?.hits ?? 0, last?.evictions ?? 0];
    };
    expect(await hits('--swr', '60')).toEqual([90, 0]);
    expect((await hits('--pattern', 'PREFETCH'))[0]).toBeGreaterThan(85);
    expect(await hits('--ttl', '600')).toEqual([90, 0]);
    expect(await hits('--ttl', '600', '--max-entries', '5', '--eviction', 'lru')).toEqual([0, 96]);
  });

  it('says what it cannot read, and what cannot be', async () => {
    const file = await recordedFile(500);
    expect(await corral(['simulate', file])).toMatchObject({
      code: 0,
      err: 'The recording was full: what came later is not in it.',
    });
    expect(await corral(['simulate', file, '--field', 'Query.films', '--ttl', '5'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('no reads of Query.films; it has Query.other'),
    });
    expect(await corral(['simulate', file, '--ttl', 'long'])).toMatchObject({ code: 2 });
    expect(await corral(['simulate', file, '--ttl', '0'])).toMatchObject({ code: 2 });
    expect(await corral(['simulate', 'nowhere.bin'])).toMatchObject({
      code: 1,
      err: 'There is no file nowhere.bin.',
    });
    expect(await corral(['simulate', 'package.json'])).toMatchObject({
      code: 1,
      err: 'package.json: this is no recording of a cache.',
    });
  });
});
