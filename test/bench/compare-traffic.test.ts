import { expect, it } from 'vitest';
import { phaseAt, phases } from '../../bench/compare/traffic/phases.js';
import { exchange } from '../../bench/compare/traffic/play.js';
import { reads } from '../../bench/compare/traffic/requests.js';
import { CROWD, scheduleOf, type Due } from '../../bench/compare/traffic/schedule.js';
import {
  createTruth,
  filmKey,
  isPosition,
  positionKey,
  ratingKey,
  versionsIn,
  type Seen,
} from '../../bench/compare/traffic/truth.js';

const busiest = 60;
const schedule = scheduleOf({ seconds: 60, seed: 42, busiest });
const isOfSession = ({ viewer = 0 }: Pick<Due, 'viewer'>): boolean => viewer >= CROWD;

it('one seed makes one traffic, and another seed another', () => {
  expect(scheduleOf({ seconds: 60, seed: 42, busiest })).toEqual(schedule);
  expect(scheduleOf({ seconds: 60, seed: 43, busiest })).not.toEqual(schedule);
});

it('requests are due in order and within the run, and there are some of each part', () => {
  const times = schedule.map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.at(-1)).toBeLessThan(60_000);
  expect(new Set(schedule.map(({ phase }) => phase))).toEqual(new Set(Object.keys(phases)));
  expect(phaseAt(0.999).name).toBe('expiry');
});

it('a higher rate brings as many more requests of sessions, and larger crowds', () => {
  const ofSessions = (all: typeof schedule): number => all.filter(isOfSession).length;
  const twice = scheduleOf({ seconds: 60, seed: 42, busiest: 2 * busiest });
  const times = ofSessions(twice) / ofSessions(schedule);
  expect(times).toBeGreaterThan(1.7);
  expect(times).toBeLessThan(2.3);
  expect(twice.length - ofSessions(twice)).toBeGreaterThan(schedule.length - ofSessions(schedule));
});

it('the same few documents come again and again, as clients send them', () => {
  expect(new Set(schedule.map(({ query }) => query)).size).toBe(12);
});

it('about half of what sessions send writes in the part that is so called, and far less before', () => {
  const shareOf = (name: string): number => {
    const sent = schedule.filter(({ phase, viewer }) => phase === name && isOfSession({ viewer }));
    return sent.filter(({ kind }) => kind === 'write').length / sent.length;
  };
  expect(shareOf('half')).toBeGreaterThan(0.35);
  expect(shareOf('half')).toBeLessThan(0.6);
  expect(shareOf('day')).toBeLessThan(0.1);
});

it('the positions of a viewer only go on', () => {
  const positions = new Map<string, number>();
  for (const { query, variables, viewer } of schedule) {
    if (!query.includes('recordPlayback')) continue;
    const key = positionKey(viewer, variables['id']);
    const seconds = Number(variables['seconds']);
    expect(seconds).toBeGreaterThan(positions.get(key) ?? 0);
    positions.set(key, seconds);
  }
  expect(positions.size).toBeGreaterThan(50);
});

it('a traffic of more sessions than there are viewers is refused', () => {
  expect(() => scheduleOf({ seconds: 3000, seed: 1, busiest })).toThrow(
    /more than \d+ sessions; give it fewer seconds or a lower rate/,
  );
});

it('a read is stale where it shows less than was acknowledged before it was sent, by the oldest of what it lacks', () => {
  const truth = createTruth();
  truth.acknowledge('film 1', 2, 100);
  truth.acknowledge('film 1', 3, 200);
  expect(truth.judge([{ key: 'film 1', version: 1 }], 50)).toBeUndefined();
  expect(truth.judge([{ key: 'film 1', version: 2 }], 150)).toBeUndefined();
  expect(truth.judge([{ key: 'film 1', version: 1 }], 250)).toEqual({ key: 'film 1', ageMs: 150 });
  expect(truth.judge([{ key: 'film 1', version: 2 }], 250)).toEqual({ key: 'film 1', ageMs: 50 });
  truth.acknowledge('ratings of 7', 5, 0);
  truth.acknowledgeOneMore('ratings of 7', 300);
  expect(truth.newest().get('ratings of 7')).toBe(6);
});

it('versions of films, positions and numbers of ratings are found wherever they are in an answer', () => {
  const answer = {
    data: {
      movie: { id: '1', version: 2, director: { name: 'A' }, ratingSummary: { count: 3 } },
      topCharts: [{ rank: 1, ratingCount: 9, movie: { id: '4', version: 5 } }, null],
      playback: { movieId: '6', positionSeconds: 7 },
    },
  };
  expect(new Map(versionsIn(answer, 8).map(({ key, version }) => [key, version]))).toEqual(
    new Map([
      [filmKey('1'), 2],
      [ratingKey('1'), 3],
      [filmKey('4'), 5],
      [ratingKey('4'), 9],
      [positionKey(8, '6'), 7],
    ]),
  );
});

it('what an answer does not promise is not judged', async () => {
  const truth = createTruth();
  truth.acknowledge(positionKey(1, '6'), 9, 0);
  const client = {
    ask: () => Promise.resolve('{"data":{"continueWatching":[{"movieId":"6","positionSeconds":7}]}}'),
    close: () => undefined,
  };
  const stale = { key: positionKey(1, '6') };
  expect(await exchange(reads.continued(), 1, { client, truth })).toMatchObject(stale);
  const isPromised = (_: unknown, seen: Seen): boolean => !isPosition(seen);
  expect(await exchange(reads.continued(), 1, { client, truth, isPromised })).toBe('right');
});
