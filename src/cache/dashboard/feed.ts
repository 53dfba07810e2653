import { textOf } from '../errors.js';
import type { ServerResponse } from 'node:http';
import type { Cache } from '../cache.js';
import type { CacheLog } from '../log.js';
import type { CacheReport } from '../report/cache-report.js';
import type { CallOff, Clock } from '../time/clock.js';
import { every } from '../time/every.js';
import type { FiguresEvent } from './messages.js';
import { Points } from './points.js';
import { eventOf, Viewer } from './viewer.js';

export interface FeedOptions {
  readonly stats: Pick<Cache<never>['stats'], 'report'>;
  readonly clock: Clock;
  readonly log: CacheLog;
}

/** Figures are read and sent so often, as often as processes write theirs down. */
const EVERY_MS = 2000;
/** What the table is about, minutes. */
const MINUTES = 10;
const MOST_FIELDS = 200;
/** Each holds a connection. */
export const MOST_VIEWERS = 50;
/** A page that has read nothing for so long is cut off. */
const PATIENCE_MS = 30_000;
/** A person who was signed out, or is no admin any more, sees no figures after this. */
const CHECK_EVERY_MS = 30_000;

/** Figures for all open pages: they are read once for all of them, and not at all while no page is open. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #viewers = new Map<Viewer, () => Promise<boolean>>();
  readonly #points = new Points();
  #callOff: CallOff | undefined;
  #reading: Promise<void> | undefined;
  #last: string | undefined;
  #isClosed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isFull(): boolean {
    return this.#viewers.size >= MOST_VIEWERS;
  }

  /** Sends figures from now on, for as long as the page is open and `isAllowed` says yes. */
  add(response: ServerResponse, isAllowed: () => Promise<boolean>): void {
    // It may have gone while it was asked who it is, and then says so no more.
    if (response.closed) return;
    const nowMs = this.#options.clock.nowMs();
    const viewer = new Viewer(response, nowMs);
    this.#viewers.set(viewer, isAllowed);
    response.on('close', () => this.#remove(viewer));
    if (this.#last !== undefined) this.#tell(viewer, this.#last, nowMs);
    if (this.#callOff !== undefined) return;
    this.#callOff = every(this.#options.clock, EVERY_MS, () => this.#tick());
    this.#tick();
  }

  /** Ends all pages' connections; resolves once nothing is read any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const nowMs = this.#options.clock.nowMs();
    for (const viewer of this.#viewers.keys()) viewer.end(nowMs);
    this.#rest();
    await this.#reading;
  }

  #tick(): void {
    this.#sortOut();
    // A slow store is not asked again before it has answered.
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
  }

  async #read(): Promise<void> {
    const { stats, clock, log } = this.#options;
    let event: string;
    try {
      if (this.#last === undefined) {
        const { history, atMs } = await stats.report();
        this.#points.begin(history, atMs);
      }
      event = this.#last = eventOf('figures', this.#figuresOf(await stats.report({ minutes: MINUTES })));
    } catch (error) {
      log.warn({ reason: textOf(error) }, 'cacheDashboard: the figures could not be read');
      event = eventOf('trouble', { message: 'The figures could not be read; the log says why.' });
    }
    const nowMs = clock.nowMs();
    for (const viewer of this.#viewers.keys()) this.#tell(viewer, event, nowMs);
    if (this.#viewers.size === 0) this.#rest();
  }

  #figuresOf(report: CacheReport): FiguresEvent {
    const { fields } = report;
    return {
      point: this.#points.add(report),
      report: { ...report, fields: fields.slice(0, MOST_FIELDS) },
      fieldsLeftOut: Math.max(0, fields.length - MOST_FIELDS),
    };
  }

  /** A page that does not read gets the next figures, not all of them. */
  #tell(viewer: Viewer, event: string, nowMs: number): void {
    if (viewer.isBehind(nowMs)) return;
    if (!viewer.knowsPast && this.#last !== undefined) {
      viewer.knowsPast = true;
      viewer.tell(eventOf('past', { points: this.#points.list }), nowMs);
    }
    viewer.tell(event, nowMs);
  }

  /** Cuts off pages that do not read, and those whose person may see no more. */
  #sortOut(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [viewer, isAllowed] of this.#viewers) {
      if (viewer.isBehind(nowMs, PATIENCE_MS)) viewer.cutOff();
      else if (nowMs - viewer.checkedAtMs >= CHECK_EVERY_MS) {
        viewer.checkedAtMs = nowMs;
        void isAllowed().then((yes) => (yes ? undefined : this.#refuse(viewer)));
      }
    }
  }

  #refuse(viewer: Viewer): void {
    const message = 'You may not see this any more; sign in again.';
    const nowMs = this.#options.clock.nowMs();
    if (!viewer.isBehind(nowMs)) viewer.tell(eventOf('refused', { message }), nowMs);
    viewer.end(nowMs);
    this.#remove(viewer);
  }

  #remove(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size === 0) this.#rest();
  }

  #rest(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#last = undefined;
  }
}
