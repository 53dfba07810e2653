import type { Rules, WriterRules, WriterStep } from '../rules.js';
import type { Step } from '../explore.js';
import { announce, invalidate } from '../store.js';
import type { State } from '../visited.js';
import * as at from '../world.js';
import { get } from '../world.js';
import { mayInvalidate, noteMissed } from './rejoining.js';

const GAVE_UP = 100;
const ENDED = 101;
export const UNDONE = 1;
export const DONE = 2;

export const TAG_NAMES = ['the key', 'the tag'];
const { phase, version, rows } = at.WRITER;

/** One thing a writer does: an invalidation for each tag, the others once. */
interface Doing {
  readonly does: WriterStep;
  readonly tag: number;
}

/** Commit, then what the rules say, one atomic step after the other. */
export function writerSteps(rules: Rules): (state: State, step: Step) => void {
  const programs = rules.writers.map(({ tags }) =>
    rules.writerSteps.flatMap((does): Doing[] =>
      does === 'invalidate' ? tags.map((tag) => ({ does, tag })) : [{ does, tag: at.OWN }],
    ),
  );
  return (state, step) => {
    for (const [index, writer] of rules.writers.entries()) {
      const place = at.writerAt(index);
      const now = get(state, place + phase);
      if (now === 0) commit(rules, writer, index, step);
      else if (now === GAVE_UP) answerAnyway({ state, rules, writer, index, step });
      else if (now < GAVE_UP) goOn({ state, rules, writer, index, step }, programs[index]?.[now - 1]);
    }
  };
}

function commit(rules: Rules, { tags }: WriterRules, index: number, step: Step): void {
  const place = at.writerAt(index);
  step(
    () => `writer ${index + 1} commits`,
    (next) => {
      next[at.DATABASE] = get(next, at.DATABASE) + 1;
      next[place + version] = get(next, at.DATABASE);
      next[place + phase] = 1;
      if (rules.relaySteps !== undefined) for (const tag of tags) next[place + rows + tag] = UNDONE;
    },
  );
}

interface Going {
  readonly state: State;
  readonly rules: Rules;
  readonly writer: WriterRules;
  readonly index: number;
  readonly step: Step;
}

function goOn({ state, rules, writer, index, step }: Going, doing: Doing | undefined): void {
  if (doing === undefined) return;
  const place = at.writerAt(index);
  const { does, tag } = doing;
  if (does === 'acknowledge' || mayInvalidate(state, writer.process)) {
    step(
      () => `writer ${index + 1} ${saying(does, tag)}`,
      (next) => {
        next[place + phase] = get(next, place + phase) + 1;
        if (does === 'invalidate') invalidate(next, rules, tag);
        else if (does === 'log') announce(next, tagsOf(writer));
        else acknowledge(next, writer, get(next, place + version));
        endIfDone(next, rules, writer, place);
      },
    );
  }
  if (rules.givingUp === 'never' || does === 'acknowledge') return;
  step(
    () => `writer ${index + 1} fails to go on: its command is lost`,
    (next) => {
      next[place + phase] = GAVE_UP;
      noteMissed(next, writer.process);
    },
  );
}

function endIfDone(next: State, rules: Rules, { tags }: WriterRules, place: number): void {
  const steps = rules.writerSteps.length - 1 + tags.length;
  if (get(next, place + phase) > steps) end(next, place);
}

function end(next: State, place: number): void {
  next[place + phase] = ENDED;
  next[place + version] = 0;
}

/** A writer whose invalidation failed: it is answered by the relay's work, or with a reservation that binds nothing. */
function answerAnyway({ state, rules: { givingUp }, writer, index, step }: Going): void {
  const place = at.writerAt(index);
  const isDone = get(state, place + rows) !== UNDONE && get(state, place + rows + 1) !== UNDONE;
  if (givingUp === 'answers at once' || (givingUp === 'waits for the relay' && isDone)) {
    const why = givingUp === 'answers at once' ? 'all the same' : 'since the relay has done its rows';
    step(
      () => `writer ${index + 1} is acknowledged, ${why}`,
      (next) => {
        acknowledge(next, writer, get(next, place + version));
        end(next, place);
      },
    );
  } else if (givingUp === 'answers with a reservation') {
    step(
      () => `writer ${index + 1} is answered as bounded`,
      (next) => {
        answer(next, writer, get(next, place + version));
        end(next, place);
      },
    );
  }
}

function acknowledge(next: State, writer: WriterRules, of: number): void {
  next[at.ACKNOWLEDGED] = Math.max(get(next, at.ACKNOWLEDGED), of);
  answer(next, writer, of);
}

function answer(next: State, writer: WriterRules, of: number): void {
  next[at.ANSWERED] = Math.max(get(next, at.ANSWERED), of);
  if (writer.process === 0) next[at.ANSWERED_HERE] = Math.max(get(next, at.ANSWERED_HERE), of);
}

function saying(does: WriterStep, tag: number): string {
  if (does === 'invalidate') return `invalidates ${TAG_NAMES[tag]}`;
  return does === 'log' ? 'writes the log' : 'is acknowledged';
}

/** The tags of an entry of the log, a bit for each. */
export function tagsOf({ tags }: WriterRules): number {
  return tags.reduce<number>((mask, tag) => mask | (1 << tag), 0);
}
