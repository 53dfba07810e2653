import { mulberry32, zipf } from '../../overhead/workloads.js';
import { VIEWERS_OF_TRAFFIC } from '../viewers.js';
import { phaseAt, phases, type PhaseName } from './phases.js';
import { reads, writes, type Ask } from './requests.js';

/** One request of the traffic. */
export interface Due extends Ask {
  /** Milliseconds since the traffic began. */
  readonly atMs: number;
  /** Undefined in a traffic that has no parts. */
  readonly phase?: PhaseName;
  /** Whose session sends it; undefined for a guest. */
  readonly viewer: number | undefined;
}

export interface ScheduleOptions {
  readonly seconds: number;
  readonly seed: number;
  /** How many requests of sessions the busiest hour has in a second. */
  readonly busiest: number;
}

const FILMS = 3200;
const MOST_STEPS = 12;
const MEAN_STEPS = (1 + MOST_STEPS) / 2;
const MEAN_THINK_MS = 350;
/** Viewers who send one request now and then. */
export const CROWD = 300;
/** Which no session asked for before it came out. */
const RELEASED = 3100;
/** Films that only the expiry wave asks for, and films that are read and written at once: so many for each second of a run. */
const COLD = { first: 2000, perSecond: 2.5 };
const CONTESTED = { first: 2500, perSecond: 3, most: 500 };

/** The requests of a run, by the time when they are due: always the same for the same seed. */
export function scheduleOf({ seconds, seed, busiest }: ScheduleOptions): readonly Due[] {
  const lengthMs = seconds * 1000;
  const draw = mulberry32(seed);
  const popular = zipf(FILMS, seed);
  const due: Due[] = [];
  const sessionEveryMs = (1000 * MEAN_STEPS) / busiest;
  let sessions = 0;
  const nextViewer = (): number => {
    sessions += 1;
    if (CROWD + sessions < VIEWERS_OF_TRAFFIC) return CROWD + sessions;
    throw new Error(
      `the traffic has more than ${VIEWERS_OF_TRAFFIC - CROWD} sessions; give it fewer seconds or a lower rate`,
    );
  };
  const anyViewer = (): number => Math.floor(draw() * CROWD);
  const add = (atMs: number, ask: Ask, by: number): void => {
    if (atMs < lengthMs) due.push({ ...ask, atMs, phase: phaseAt(atMs / lengthMs).name, viewer: by });
  };
  const world: World = {
    draw,
    lengthMs,
    crowd: Math.ceil(busiest / 8),
    add,
    nextViewer,
    anyViewer,
    film: () => Number(popular()),
  };
  for (let atMs = wait(draw, sessionEveryMs); atMs < lengthMs;) {
    // Of what would begin in the busiest hour, as many as this hour has.
    if (draw() < phaseAt(atMs / lengthMs).load(atMs / lengthMs)) addSession(world, atMs);
    atMs += wait(draw, sessionEveryMs);
  }
  addRelease(world);
  addStampedes(world);
  addExpiryWave(world);
  addContests(world);
  addCorrections(world);
  return due.sort((a, b) => a.atMs - b.atMs);
}

interface World {
  readonly draw: () => number;
  readonly lengthMs: number;
  /** How many people come at once. */
  readonly crowd: number;
  readonly add: (atMs: number, ask: Ask, viewer: number) => void;
  /** One who has sent nothing yet. */
  readonly nextViewer: () => number;
  /** One of a crowd, of which nothing is remembered. */
  readonly anyViewer: () => number;
  /** A film, by popularity. */
  readonly film: () => number;
}

/** A person who looks at pages, thinks between them, and may rate, watch or correct a film. */
function addSession({ draw, lengthMs, add, nextViewer, film }: World, beginsMs: number): void {
  const viewer = nextViewer();
  const steps = 1 + Math.floor(draw() * MOST_STEPS);
  const watched = film();
  let [atMs, position] = [beginsMs, 0];
  const rated = new Set<number>();
  for (let step = 0; step < steps; step += 1) {
    const share = Math.min(atMs / lengthMs, 0.999);
    const { writeShare, releasedShare } = phaseAt(share);
    if (draw() < writeShare) {
      const chosen = draw();
      const id = film();
      if (chosen < 0.1) add(atMs, writes.edit(id, `Title ${Math.floor(atMs)}`), viewer);
      else if (chosen < 0.3 && !rated.has(id)) {
        rated.add(id);
        add(atMs, writes.rating(id, 1 + Math.floor(draw() * 5)), viewer);
      } else add(atMs, writes.position(watched, (position += 1), `viewer ${viewer}`), viewer);
    } else if (draw() < releasedShare) add(atMs, reads.film(RELEASED), viewer);
    else add(atMs, aRead({ draw, film, watched }), viewer);
    atMs += wait(draw, MEAN_THINK_MS);
  }
}

/** What is looked at, in percent; the weights of a site about films. */
function aRead({ draw, film, watched }: Pick<World, 'draw' | 'film'> & { readonly watched: number }): Ask {
  const chosen = draw() * 100;
  if (chosen < 42) return reads.film(film());
  if (chosen < 52) return reads.films([...new Set(Array.from({ length: 20 }, film))]);
  if (chosen < 64) return reads.search(draw());
  if (chosen < 72) return reads.charts(draw());
  if (chosen < 74) return reads.report();
  if (chosen < 84) return reads.similar(film());
  if (chosen < 88) return reads.person(draw());
  if (chosen < 94) return reads.position(watched);
  return reads.continued();
}

/** A film comes out: bursts of readers, while its entry is corrected again and again. */
function addRelease({ draw, lengthMs, crowd, add, anyViewer }: World): void {
  const { from, to } = phases.release;
  for (let burst = 0; burst < 6; burst += 1) {
    const beginsMs = lengthMs * (from + ((to - from) * (burst + 0.5)) / 6);
    add(beginsMs, writes.edit(RELEASED, `Released ${burst}`), anyViewer());
    for (let reader = 0; reader < crowd; reader += 1)
      add(beginsMs + draw() * 60, reads.film(RELEASED), anyViewer());
  }
}

/** What everybody reads is invalidated, and everybody reads it at once. */
function addStampedes({ lengthMs, crowd, add, anyViewer, draw }: World): void {
  const { from, to } = phases.stampede;
  for (let times = 0; times < 3; times += 1) {
    const beginsMs = lengthMs * (from + ((to - from) * (times + 0.2)) / 3);
    add(beginsMs, writes.edit(RELEASED, `Again ${times}`), anyViewer());
    for (let reader = 0; reader < 3 * crowd; reader += 1) {
      const ask = reader % 2 === 0 ? reads.film(RELEASED) : reads.charts(0.5);
      add(beginsMs + 20 + draw() * 5, ask, anyViewer());
    }
  }
}

/** Films that are loaded in one moment end in one moment, and are read again then. */
function addExpiryWave({ lengthMs, add, anyViewer, draw }: World): void {
  for (const share of [FILLED_AT, phases.expiry.from + 0.02]) {
    for (let film = 0; film < (COLD.perSecond * lengthMs) / 1000; film += 1)
      add(lengthMs * share + draw() * (lengthMs / 120), reads.film(COLD.first + film), anyViewer());
  }
}

/** So long before the wave that the entries have ended by then: films live for a sixth of a run. */
const FILLED_AT = 0.7;

/**
 * On the day of the release an import corrects the catalogue, film after film. Each is in no cache, and is read while it is
 * written: what was loaded before the commit must not stay after it.
 */
function addContests({ lengthMs, add, anyViewer, draw }: World): void {
  const count = Math.min(CONTESTED.most, (CONTESTED.perSecond * lengthMs) / 1000);
  const { from, to } = phases.release;
  for (let nth = 0; nth < count; nth += 1) {
    const id = CONTESTED.first + nth;
    const atMs = lengthMs * (from + (to - from) * draw());
    add(atMs, writes.edit(id, `Contested ${nth}`), anyViewer());
    add(atMs + draw() * 6, reads.film(id), anyViewer());
    add(atMs + 150, reads.film(id), anyViewer());
  }
}

/** A film is corrected between two readers of a list that it leads: one whose lists end by their lifetimes alone shows the old one. */
function addCorrections({ lengthMs, add, anyViewer, draw }: World): void {
  for (let nth = 0; nth < lengthMs / CORRECTED_EVERY_MS; nth += 1) {
    const atMs = CORRECTED_EVERY_MS * (nth + 0.7 * draw());
    add(atMs, reads.search(SEARCHED.draw), anyViewer());
    add(atMs + 80, writes.edit(SEARCHED.leads, `Star Trek ${nth}`), anyViewer());
    for (const laterMs of [160, 400, 700]) add(atMs + laterMs, reads.search(SEARCHED.draw), anyViewer());
  }
}

const CORRECTED_EVERY_MS = 3000;
/** The search for "star", and the film of the demo data that it finds first. */
const SEARCHED = { draw: 0.25, leads: 2998 };

/** The time between two of what happens at random. */
function wait(draw: () => number, meanMs: number): number {
  return -Math.log(1 - draw()) * meanMs;
}
