import type { ServerResponse } from 'node:http';
import { beginEvents } from './replies.js';

/** An open page: what is written to it, as far as it reads. */
export class Viewer {
  readonly #response: ServerResponse;
  #behindSinceMs: number | undefined;
  /** When it was last known that this person may see figures. */
  checkedAtMs: number;
  /** Whether it was told what was before. */
  knowsPast = false;

  constructor(response: ServerResponse, nowMs: number) {
    this.#response = response;
    this.checkedAtMs = nowMs;
    beginEvents(response);
    // Pages that lost the server together do not come back together.
    response.write(`retry: ${2000 + Math.round(Math.random() * 3000)}\n\n`);
    response.on('drain', () => (this.#behindSinceMs = undefined));
  }

  /** True where it has not read what it was sent, for so long or longer. */
  isBehind(nowMs: number, forMs = 0): boolean {
    return this.#behindSinceMs !== undefined && nowMs - this.#behindSinceMs >= forMs;
  }

  /** Sends an event, made by `eventOf`. What is sent while it reads nothing waits in memory: see `isBehind`. */
  tell(event: string, nowMs: number): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    if (!this.#response.write(event)) this.#behindSinceMs ??= nowMs;
  }

  /** Where it reads nothing, an end would wait for it. */
  end(nowMs: number): void {
    if (this.isBehind(nowMs)) this.cutOff();
    else this.#response.end();
  }

  cutOff(): void {
    this.#response.destroy();
  }
}

export function eventOf(name: 'past' | 'figures' | 'trouble' | 'refused', data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
