import type { Step } from '../explore.js';
import { TAG_NAMES, writerName } from '../names.js';
import type { RelayStep, Rules } from '../rules.js';
import { announce, invalidate } from '../store.js';
import type { State } from '../visited.js';
import { CRASHES, get, RELAY_PHASE, RELAY_ROW } from '../world.js';
import { DONE, rowAt, UNDONE } from './outbox-rows.js';
import { answerIfRelayed } from './writers.js';

/**
 * One relay, which takes row after row, and may die with a row in its hands: the row is undone then, as before. A row
 * is taken together with the first thing that is done with it, since nobody can tell the difference.
 */
export function relaySteps(rules: Rules): (state: State, step: Step) => void {
  const program = rules.relaySteps;
  if (program === undefined) return () => undefined;
  return (state, step) => {
    const held = get(state, RELAY_ROW);
    if (held > 0) goOn({ state, rules, program, step }, held);
    else take({ state, rules, program, step });
  };
}

interface Relaying {
  readonly state: State;
  readonly rules: Rules;
  readonly program: readonly RelayStep[];
  readonly step: Step;
}

function take(relaying: Relaying): void {
  const { state, rules } = relaying;
  for (const [writer, { tags }] of rules.writers.entries()) {
    for (const tag of tags) {
      if (get(state, rowAt(writer, tag)) === UNDONE) goOn(relaying, 1 + writer * 2 + tag);
    }
  }
}

function goOn({ state, rules, program, step }: Relaying, held: number): void {
  const [writer, tag] = [(held - 1) >> 1, (held - 1) & 1];
  const done = get(state, RELAY_PHASE);
  const does = program[done];
  step(
    () => `the relay ${saying(does, tag)} for ${writerName(state, writer)}`,
    (next) => {
      if (does === 'invalidate') invalidate(next, rules, tag);
      else if (does === 'log') announce(next, 1 << tag);
      else next[rowAt(writer, tag)] = DONE;
      const isOver = done + 1 === program.length;
      next[RELAY_ROW] = isOver ? 0 : held;
      next[RELAY_PHASE] = isOver ? 0 : done + 1;
      answerIfRelayed(next, rules, writer);
    },
  );
  if (done === 0 || get(state, CRASHES) === 0) return;
  step(
    () => 'the relay dies',
    (next) => {
      next[CRASHES] = get(next, CRASHES) - 1;
      next[RELAY_ROW] = 0;
      next[RELAY_PHASE] = 0;
    },
  );
}

function saying(does: RelayStep | undefined, tag: number): string {
  if (does === 'invalidate') return `invalidates ${TAG_NAMES[tag]}`;
  return does === 'log' ? 'writes the log' : `marks the row of ${TAG_NAMES[tag]} done`;
}
