import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { promisedBy } from '../../bench/compare/open-contestant.js';
import { readOptions } from '../../bench/compare/options.js';
import { rowsOf } from '../../bench/compare/page/figures.js';
import { plotsOf } from '../../bench/compare/page/plots.js';
import { replayFiguresOf } from '../../bench/compare/page/publish.js';
import { readRecording } from '../../bench/compare/recorded/read-recording.js';
import { recordedTraffic } from '../../bench/compare/recorded/recorded-traffic.js';
import { exchange } from '../../bench/compare/traffic/play.js';
import { createTruth, positionKey, ratingKey } from '../../bench/compare/traffic/truth.js';
import type { RecordedOperation } from '../../src/traffic/format.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const HEAD = '{"format":"corral-traffic","version":1}';
const asked = (document: string, more: Partial<RecordedOperation> = {}): RecordedOperation => ({
  ms: 0,
  document,
  variables: {},
  ...more,
});
const traffic = (operations: readonly RecordedOperation[], speed = 1) =>
  recordedTraffic(operations, { file: 'traffic.jsonl', speed });

const FILM = 'query ($id: ID!) { movie(id: $id) { id version director { name } } }';
const moves = (viewer: number, ms: number, seconds: number) =>
  asked('mutation ($at: Int!) { recordPlayback(movieId: 7, positionSeconds: $at) { movieId } }', {
    ...{ ms, viewer, variables: { at: seconds } },
  });

describe('a recording becomes a traffic', () => {
  it('at the recorded times, or so many times faster, by the viewers of the comparison', () => {
    const film = { ms: 3000, viewer: 2, variables: { id: '9' } };
    const { due, seconds, timesFaster } = traffic([asked('{ me { id } }'), asked(FILM, film)], 10);
    expect(due).toEqual([
      { kind: 'row', query: '{ me { id } }', variables: {}, atMs: 0, viewer: undefined },
      { kind: 'row', query: FILM, variables: { id: '9' }, atMs: 300, viewer: 1 },
    ]);
    expect({ seconds, timesFaster }).toEqual({ seconds: 0.3, timesFaster: 10 });
  });

  it.each([
    ['row', FILM],
    ['row', '{ movies(ids: [1, 2]) { id } }'],
    ['row', '{ playback(movieId: 1) { positionSeconds } }'],
    ['list', '{ topCharts { rank } }'],
    ['list', '{ searchMovies(text: "a") { ...C } } fragment C on MovieConnection { edges { node { id } } }'],
    ['list', '{ m: movie(id: 1) { similar { id } } }'],
    ['write', 'mutation { deleteMovie(id: 1) }'],
  ])('with the kind %s of %s', (kind, document) => {
    expect(traffic([asked(document)]).due[0]?.kind).toBe(kind);
  });

  it('with the operation that was chosen of several', () => {
    const document = 'query A { topCharts { rank } } query B { movie(id: 1) { id } }';
    expect(traffic([asked(document, { operationName: 'B' })]).due[0]).toMatchObject({
      kind: 'row',
      operationName: 'B',
    });
  });

  it('in which the writes of one viewer wait for each other', () => {
    const { due } = traffic([moves(1, 0, 5), moves(2, 1, 5), moves(1, 2, 6)]);
    expect(due.map(({ inOrder }) => inOrder)).toEqual(['viewer 0', 'viewer 1', 'viewer 0']);
  });

  it('in which positions that went back are not judged, wherever their value stands', () => {
    const literal = asked(
      'mutation { ...W } fragment W on Mutation { recordPlayback(movieId: 7, positionSeconds: 3) { id } }',
      { ms: 2, viewer: 1 },
    );
    const { unjudged } = traffic([moves(1, 0, 5), moves(2, 1, 5), literal, moves(2, 3, 9)]);
    expect(unjudged).toEqual(new Set([positionKey(0, '7')]));
  });

  it('in which the first rating of a film by a viewer is one more, and another one is none', () => {
    const rates = (more: string) =>
      asked(`mutation { rateMovie(movieId: 4, stars: 5) ${more} { stars } }`, { viewer: 1 });
    const { due } = traffic([rates('@skip(if: false)'), rates(''), rates('')]);
    expect(due.map((one) => one.rates)).toEqual([undefined, 4, undefined]);
  });

  it('whose warm-up has the reads of its first tenth', () => {
    const operations = Array.from({ length: 30 }, (_, at) =>
      at === 1 ? moves(1, 1, 1) : asked(FILM, { ms: at, variables: { id: at } }),
    );
    expect(traffic(operations).warmUp.map(({ variables }) => variables['id'])).toEqual([0, 2]);
  });

  it('and what cannot be sent is refused by its line', () => {
    expect(() => traffic([asked('{ me { id } }'), asked('{ gone }')])).toThrow(
      'traffic.jsonl, line 3: the schema of this version cannot answer it: Cannot query field "gone" on type "Query".',
    );
    expect(() => traffic([asked('{ me')])).toThrow(/^traffic\.jsonl, line 2: the schema .+ Syntax Error/);
    expect(() => traffic([asked('{ me { id } }', { ms: 7_200_001 })], 2)).toThrow(
      'traffic.jsonl, line 2: it comes 3600 s after the first, but at most 3600 s are sent; raise --speed',
    );
    expect(() => traffic([asked('{ me { id } }', { viewer: 9001 })])).toThrow(
      'traffic.jsonl, line 2: it is of session 9001, but the comparison has 9000 viewers',
    );
  });
});

describe('a request of a recording', () => {
  const truth = createTruth();
  const sent: (readonly [body: string, headers: object | undefined])[] = [];
  const client = {
    ask: (body: string, headers?: object) => {
      sent.push([body, headers]);
      return Promise.resolve('{"data":{"rateMovie":{"movie":{"id":"4","ratingSummary":{"count":3}}}}}');
    },
    close: () => undefined,
  };

  it('is sent by a guest without a session, with the name of its operation', async () => {
    const ask = { kind: 'row', query: 'query A { me { id } }', operationName: 'A', variables: {} } as const;
    await exchange(ask, undefined, { client, truth });
    expect(sent.at(-1)).toEqual(['{"query":"query A { me { id } }","operationName":"A","variables":{}}', {}]);
  });

  it('that rates a film and is told how many ratings it has counts no more than these', async () => {
    await exchange({ kind: 'write', query: 'x', variables: {}, rates: 4 }, 1, { client, truth });
    expect(truth.newest().get(ratingKey(4))).toBe(3);
  });
});

describe('what an answer promises', () => {
  const [position, other] = [positionKey(1, '7'), positionKey(1, '8')].map((key) => ({ key, version: 1 }));
  const list = { kind: 'list', query: 'x', variables: {} } as const;

  it.each([
    ['read-through', 'row', [false, true]],
    ['read-through', 'list', [false, true]],
    ['write-behind', 'row', [false, true]],
    ['write-behind', 'list', [false, false]],
  ] as const)('of %s in a %s are no positions that went back', (contestant, kind, promised) => {
    const isPromised = promisedBy(contestant, new Set([positionKey(1, '7')]));
    const seen = [position, other].flatMap((one) => one ?? []);
    expect(seen.map((one) => isPromised({ ...list, kind }, one))).toEqual(promised);
  });
});

describe('the figures of a recording', () => {
  it('have no parts, and no plot of them', () => {
    const [due] = traffic([asked(FILM, { variables: { id: 1 } })]).due;
    if (due === undefined) throw new Error('there is one');
    const rows = rowsOf([
      {
        ...{ contestant: 'none', round: 0, commands: undefined, kept: undefined, crash: undefined },
        played: [{ due, latencyMs: 4, outcome: 'right' }],
        usage: { statements: 1, reads: 0, hits: 0, cpuMs: 1 },
      },
    ]);
    expect(rows[0]?.phases).toBeUndefined();
    expect(plotsOf(rows).map(({ file }) => file)).toEqual(['compare-reads.svg', 'compare-writes.svg']);
    const printed = replayFiguresOf({ rows, facts: 'today', reservations: [] });
    expect(printed).toContain('| no cache | 4.0 |');
    expect(printed).not.toMatch(/target|\.svg/);
  });
});

describe('the file of a recording', () => {
  const read = async (text: string): Promise<string> => {
    const file = path.join(await temporaryFolder(), 'traffic.jsonl');
    await writeFile(file, text);
    try {
      return `${(await readRecording(file)).length} operations`;
    } catch (error) {
      return (error instanceof Error ? error.message : String(error)).replaceAll(file, 'FILE');
    }
  };
  const line = (ms: number): string => JSON.stringify(asked('{ me { id } }', { ms }));

  it.each([
    ['', 'FILE is empty; record traffic with RECORD_TRAFFIC'],
    [`${HEAD}\n`, 'FILE has no operation after its first line'],
    [
      '{"format":"corral-traffic","version":2}\n',
      'FILE, line 1: a recording of this version begins with {"format":"corral-traffic","version":1}, but this one with {"format":"corral-traffic","version":2}; record it again',
    ],
    [
      `${HEAD}\n${line(1)}\n${line(2).slice(0, 9)}`,
      'FILE, line 3: it is no JSON; a recording that ended in a crash may have half a line at its end: remove it',
    ],
    [
      `${HEAD}\n${line(5)}\n${line(4)}\n`,
      'FILE, line 3: its time, 4 ms, is before that of the line above, 5 ms; times only go on',
    ],
    [`${HEAD}\n{"ms":-1}\n`, /^FILE, line 2: ms is not as recordings have it: /],
    [`${HEAD}\n[]\n`, /^FILE, line 2: the line is not as recordings have it: /],
    [`${HEAD}\n${line(5)}\n${line(5)}\n`, '2 operations'],
  ])('%j is read as: %s', async (text, told) => {
    expect(await read(text)).toMatch(told);
  });

  it('is refused where it has more bytes than any recording, or is not there', async () => {
    const { size } = { size: 64 * 1024 * 1024 + 1 };
    expect(await read(' '.repeat(size))).toBe(`FILE has ${size} bytes, but a recording has at most 67108864`);
    await expect(readRecording('/nowhere/traffic.jsonl')).rejects.toThrow(
      '/nowhere/traffic.jsonl cannot be read (ENOENT)',
    );
  });
});

describe('the options of a replay', () => {
  it('name a file and a speed', () => {
    expect(readOptions(['--traffic', 'a.jsonl', '--speed', '4'])?.traffic).toEqual({
      file: 'a.jsonl',
      speed: 4,
    });
    expect(readOptions(['--traffic', 'a.jsonl'])).toMatchObject({ traffic: { speed: 1 }, isShort: false });
  });

  it.each([
    [
      ['--traffic', 'a', '--rate', '5'],
      '--rate is about the traffic of a seed; leave it out, or leave out --traffic',
    ],
    [['--speed', '5'], '--speed is about a recording; name it by --traffic'],
    [['--traffic', 'a', '--speed', '0'], '--speed must be a whole number from 1 to 1000, but is "0"'],
  ])('refuse %j', (words, told) => {
    expect(() => readOptions(words)).toThrow(told);
  });
});
