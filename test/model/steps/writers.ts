import type { Step } from '../explore.js';
import { TAG_NAMES, writerName } from '../names.js';
import type { Rules, WriterRules, WriterStep } from '../rules.js';
import { announce, invalidate } from '../store.js';
import type { State } from '../visited.js';
import { ACKNOWLEDGED, ANSWERED, ANSWERED_HERE, DATABASE, get, OWN, WRITER, writerAt } from '../world.js';
import { isDone, rowAt, UNDONE } from './outbox-rows.js';
import { mayInvalidate, noteMissed } from './process-phases.js';

const GAVE_UP = 100;
const ENDED = 101;

/** One thing a writer does: an invalidation for each tag, the others once. */
interface Doing {
  readonly does: WriterStep;
  readonly tag: number;
}

interface Writing {
  readonly state: State;
  readonly rules: Rules;
  readonly program: readonly Doing[];
  readonly index: number;
  readonly writer: WriterRules;
  readonly step: Step;
}

/**
 * Commit, then what the rules say, one atomic step after the other. Whoever may be answered is answered in the very
 * step that allows it: an answer that comes later promises less.
 */
export function writerSteps(rules: Rules): (state: State, step: Step) => void {
  const programs = rules.writers.map((writer) => programOf(rules, writer));
  return (state, step) => {
    for (const [index, writer] of rules.writers.entries()) {
      const writing = { state, rules, program: programs[index] ?? [], index, writer, step };
      const now = get(state, writerAt(index) + WRITER.phase);
      if (now === 0) commit(writing);
      else if (now < GAVE_UP) goOn(writing, now);
    }
  };
}

function programOf({ writerSteps: steps }: Rules, { tags }: WriterRules): readonly Doing[] {
  return steps.flatMap((does): readonly Doing[] =>
    does === 'invalidate' ? tags.map((tag) => ({ does, tag })) : [{ does, tag: OWN }],
  );
}

function commit({ state, rules, index, writer, step }: Writing): void {
  const place = writerAt(index);
  step(
    () => `${writerName(state, index)} commits version ${get(state, DATABASE) + 1}`,
    (next) => {
      next[DATABASE] = get(next, DATABASE) + 1;
      next[place + WRITER.version] = get(next, DATABASE);
      next[place + WRITER.phase] = 1;
      if (rules.relaySteps !== undefined) for (const tag of writer.tags) next[rowAt(index, tag)] = UNDONE;
    },
  );
}

function goOn(writing: Writing, now: number): void {
  const { state, rules, index, writer, step } = writing;
  if (mayInvalidate(state, writer.process)) {
    step(
      () => `${writerName(state, index)} ${wordsFor(writing, now)}`,
      (next) => doNext(next, writing, now),
    );
  }
  if (rules.givingUp === 'never') return;
  step(
    () =>
      `${writerName(state, index)} cannot go on${rules.givingUp === 'waits for the relay' ? '' : `, and ${rules.givingUp}`}`,
    (next) => giveUp(next, writing),
  );
}

/** One step, and the acknowledgement where it comes next. */
function doNext(next: State, { rules, program, index, writer }: Writing, now: number): void {
  const place = writerAt(index);
  const { does, tag } = program[now - 1] ?? { does: 'acknowledge', tag: OWN };
  if (does === 'invalidate') invalidate(next, rules, tag);
  else if (does === 'log') announce(next, tagsOf(writer));
  const isAcknowledged = program[now]?.does === 'acknowledge';
  if (isAcknowledged) acknowledge(next, writer, get(next, place + WRITER.version));
  const then = now + (isAcknowledged ? 2 : 1);
  next[place + WRITER.phase] = then;
  if (then > program.length) end(next, place);
}

function giveUp(next: State, { rules, index, writer }: Writing): void {
  const place = writerAt(index);
  const version = get(next, place + WRITER.version);
  next[place + WRITER.phase] = GAVE_UP;
  noteMissed(next, rules, writer.process);
  if (rules.givingUp === 'waits for the relay') {
    answerIfRelayed(next, rules, index);
    return;
  }
  if (rules.givingUp === 'is acknowledged at once') acknowledge(next, writer, version);
  else answer(next, writer, version);
  end(next, place);
}

/** A writer that could not go on itself is acknowledged once the relay has done its rows. */
export function answerIfRelayed(next: State, { givingUp, writers }: Rules, index: number): void {
  const place = writerAt(index);
  const writer = writers[index];
  const isWaiting = givingUp === 'waits for the relay' && get(next, place + WRITER.phase) === GAVE_UP;
  if (writer === undefined || !isWaiting || !isDone(next, index)) return;
  acknowledge(next, writer, get(next, place + WRITER.version));
  end(next, place);
}

function end(next: State, place: number): void {
  next[place + WRITER.phase] = ENDED;
  next[place + WRITER.version] = 0;
}

function acknowledge(next: State, writer: WriterRules, version: number): void {
  next[ACKNOWLEDGED] = Math.max(get(next, ACKNOWLEDGED), version);
  answer(next, writer, version);
}

function answer(next: State, { process }: WriterRules, version: number): void {
  next[ANSWERED] = Math.max(get(next, ANSWERED), version);
  if (process === 0) next[ANSWERED_HERE] = Math.max(get(next, ANSWERED_HERE), version);
}

function wordsFor({ program }: Writing, now: number): string {
  const doing = program[now - 1];
  const words = doing?.does === 'invalidate' ? `invalidates ${TAG_NAMES[doing.tag]}` : 'writes the log';
  return program[now]?.does === 'acknowledge' ? `${words} and is acknowledged` : words;
}

/** The tags of an entry of the log, a bit for each. */
function tagsOf({ tags }: WriterRules): number {
  return tags.reduce<number>((mask, tag) => mask | (1 << tag), 0);
}
