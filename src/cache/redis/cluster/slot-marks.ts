import { createHash } from 'node:crypto';
import type { ServerInfo } from '../connection/server-info.js';

/** What is compared of a server's history: another one after it was restarted, or was a replica in between. */
export function historyMark({ history }: Pick<ServerInfo, 'history'>): string {
  return createHash('sha1').update(history).digest('base64url').slice(0, 12);
}

interface Known {
  readonly history: string;
  readonly epoch: string;
  readonly mark: string;
}

/**
 * What marks everything of a slot: the epoch of the slot together with the history of the node that it was read from. What
 * was stored under another mark counts no more: all of the slot was forgotten, or the slot, or the data, is another node's.
 */
export class SlotMarks {
  readonly #known: (Known | undefined)[] = [];

  of(slot: number, history: string, epoch: string): string {
    const known = this.#known[slot];
    if (known?.epoch === epoch && known.history === history) return known.mark;
    const mark = createHash('sha1').update(`${history} ${epoch}`).digest('base64url').slice(0, 16);
    this.#known[slot] = { history, epoch, mark };
    return mark;
  }
}

/** One mark for the slot of an entry and those of its tags, which may lie on other nodes; undefined where one is missing. */
export function markOfAll(marks: readonly (string | undefined)[]): string | undefined {
  if (marks.length <= 1) return marks[0];
  const known = marks.filter((mark) => mark !== undefined);
  if (known.length < marks.length) return undefined;
  return createHash('sha1').update(known.join(' ')).digest('base64url').slice(0, 16);
}
