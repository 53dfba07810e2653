import type { RelayStep, Rules } from '../rules.js';
import type { Step } from '../explore.js';
import { announce, invalidate } from '../store.js';
import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';
import { DONE, TAG_NAMES, UNDONE } from './writers.js';

/** One relay, which takes row after row, and may die with a row in its hands: the row is undone then, as before. */
export function relaySteps(rules: Rules): (state: State, step: Step) => void {
  const program = rules.relaySteps;
  if (program === undefined) return () => undefined;
  return (state, step) => {
    const held = get(state, at.RELAY_ROW);
    if (held === 0) take(state, rules, step);
    else apply(state, rules, program, step);
  };
}

/** Where the row of a writer and a tag is. */
export function rowAt(writer: number, tag: number): number {
  return at.writerAt(writer) + at.WRITER.rows + tag;
}

function take(state: State, { writers }: Rules, step: Step): void {
  for (const [writer, { tags }] of writers.entries()) {
    for (const tag of tags) {
      if (get(state, rowAt(writer, tag)) !== UNDONE) continue;
      step(
        () => `the relay takes the row of writer ${writer + 1} for ${TAG_NAMES[tag]}`,
        (next) => {
          next[at.RELAY_ROW] = 1 + writer * 2 + tag;
          next[at.RELAY_PHASE] = 0;
        },
      );
    }
  }
}

function apply(state: State, rules: Rules, program: readonly RelayStep[], step: Step): void {
  const row = get(state, at.RELAY_ROW) - 1;
  const [writer, tag] = [row >> 1, row & 1];
  const does = program[get(state, at.RELAY_PHASE)];
  step(
    () => `the relay ${saying(does, writer, tag)}`,
    (next) => {
      if (does === 'invalidate') invalidate(next, rules, tag);
      else if (does === 'log') announce(next, 1 << tag);
      else next[rowAt(writer, tag)] = DONE;
      next[at.RELAY_PHASE] = get(next, at.RELAY_PHASE) + 1;
      if (get(next, at.RELAY_PHASE) === program.length) putDown(next);
    },
  );
  if (get(state, at.CRASHES) === 0) return;
  step(
    () => 'the relay dies',
    (next) => {
      next[at.CRASHES] = get(next, at.CRASHES) - 1;
      putDown(next);
    },
  );
}

function putDown(next: State): void {
  next[at.RELAY_ROW] = 0;
  next[at.RELAY_PHASE] = 0;
}

function saying(does: RelayStep | undefined, writer: number, tag: number): string {
  if (does === 'invalidate') return `invalidates ${TAG_NAMES[tag]}`;
  return does === 'log' ? 'writes the log' : `marks the row of writer ${writer + 1} done`;
}
