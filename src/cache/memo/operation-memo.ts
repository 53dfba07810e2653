import type { Entries } from '../coherence/entries.js';
import type { KeptAnswers } from '../coherence/kept-answers.js';
import type { Mark } from '../coherence/process-copies.js';
import { RecentKeys } from '../store/recent-keys.js';
import { isPromise, type MaybePromise } from '../maybe-promise.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { MemoCounters } from '../metrics/memo-counters.js';
import type { Traces } from '../metrics/trace.js';
import type { OperationGiven, OperationPlan, OperationPlans } from './operation-plans.js';
import type { Clock } from '../time/clock.js';
import { AnswersUnderWay, AnswerUnderWay } from './answers-under-way.js';
import { KeptAnswer } from './kept-answer.js';
import { isPlainJson } from './plain-json.js';
import { Recording, type Freshness } from './recording.js';

export interface OperationMemoOptions {
  readonly entries: Pick<Entries, 'answers'>;
  readonly traces: Traces;
  readonly plans: OperationPlans;
  readonly countersOf: (coordinate: string) => FieldCounters;
  readonly clock: Pick<Clock, 'nowMs' | 'after'>;
}

/** An operation of one request. */
export interface OperationAsked extends OperationGiven {
  /** Values of its variables as the client sent them. */
  readonly variables: unknown;
  readonly context: object;
}

/** An operation whose answer may be kept. */
export interface Sight {
  readonly key: string;
  readonly plan: OperationPlan;
  readonly context: object;
}

/** What an execution brought. */
export interface Executed {
  readonly data?: unknown;
  readonly errors?: unknown;
}

/** Notes that are taken of an execution. */
export interface ExecutionNotes {
  /** Called once, when it has ended; with nothing where its answer is not to be kept. */
  end(result: Executed | undefined): void;
  /** What the answer was made of; undefined where that is more than fresh entries. */
  freshness(): Freshness | undefined;
}

/** As many of the last operations are known again. */
const SEEN = 65_536;
/** A longer key is not worth its place. */
const LONGEST_KEY = 4096;
/** So many failures in a row are nothing: what was invalidated while it was loaded is kept by the next who ask. */
const FAILURES_FOR_NOTHING = 6;
/** After more of them so many sights are passed over at most before an answer is recorded again. */
const MOST_PASSES = 128;
/** What an answer takes besides its text. */
const ANSWER_BYTES = 400;
const HITS_BYTES = 80;

/**
 * Answers operations as they were answered before, without executing them, as long as every entry that the answer was made of is
 * fresh and under its present generations. It is a copy of what the entries say, proven by the same log as the copies of single
 * entries, and dropped with them; therefore it is never older than they are. Kept is what comes for the second time.
 */
export class OperationMemo {
  readonly #options: OperationMemoOptions;
  /** What a client sends once is not worth keeping. */
  readonly #seen = new RecentKeys(SEEN);
  readonly #underWay = new AnswersUnderWay<KeptAnswer>();
  /** Whose last answer could be given to others. */
  readonly #wasShared = new RecentKeys(SEEN);
  /** Whether long answers are made into bytes, which are to be counted then. */
  #sendsBytes = false;
  #hits = 0;
  #inFront = 0;
  #kept = 0;
  #savedMs = 0;

  constructor(options: OperationMemoOptions) {
    this.#options = options;
  }

  /** Undefined where its answer is not kept. */
  sight(asked: OperationAsked): Sight | undefined {
    const { traces, plans } = this.#options;
    if (traces.of(asked.context) !== undefined) return undefined;
    const plan = plans.of(asked);
    if (plan?.isKept !== true) return undefined;
    const key = keyOf(plan, asked);
    return key === undefined ? undefined : { key, plan, context: asked.context };
  }

  /** Whether these variables, and the context as it is by now, make the same key: plugins may change both. */
  isStill({ key, plan, context }: Sight, variables: unknown): boolean {
    return keyOf(plan, { variables, context }) === key;
  }

  /**
   * The answer as it was kept, where everything that it was made of is still as it was. Where another request is making it, that is
   * waited for, unless this one has waited before.
   */
  find({ key }: Sight, mayWait = true): MaybePromise<KeptAnswer | undefined> {
    const answers = this.#options.entries.answers;
    if (answers === undefined) return undefined;
    if (answers.find(key) === undefined) {
      const underWay = mayWait ? this.#underWay.get(key) : undefined;
      // What could not be given to others would be waited for in vain.
      return underWay && this.#wasShared.has(key) ? this.#join(answers, key, underWay) : undefined;
    }
    const isProven = answers.prove();
    if (!isPromise(isProven)) return isProven ? this.#take(answers, key) : undefined;
    return isProven.then((is) => (is ? this.#take(answers, key) : undefined));
  }

  /** Takes notes of the execution that follows, if its answer is to be kept; they end with it. */
  record({ key, plan, context }: Sight): ExecutionNotes | undefined {
    const { traces, countersOf, entries, clock } = this.#options;
    const { answers } = entries;
    if (answers === undefined || !this.#seen.add(key)) return undefined;
    // Begun since the sight, by another request with the same context.
    if (traces.of(context) !== undefined) return undefined;
    if (plan.passes > 0) {
      plan.passes -= 1;
      return undefined;
    }
    if (!answers.areDropped) {
      // From the next one on.
      void answers.prove();
      return undefined;
    }
    // How much had been forgotten before the first read.
    const mark = answers.mark();
    const begunAtMs = clock.nowMs();
    let underWay: AnswerUnderWay<KeptAnswer> | undefined;
    const recording: Recording = new Recording({
      countersOf,
      // Not before: until then a plugin may hold it up, or refuse it for its own viewer.
      onRead: () => {
        if (underWay !== undefined) return;
        underWay = new AnswerUnderWay(mark, recording);
        this.#underWay.begin(key, underWay);
      },
      onLost: () => underWay && this.#underWay.end(key, underWay, undefined),
    });
    const stop = traces.follow(context, recording);
    return {
      freshness: () => recording.recordedFor(plan.read),
      end: (result) => {
        stop();
        const made = this.#madeOf(plan, recording, result);
        if (underWay !== undefined) this.#underWay.end(key, underWay, made?.answer);
        if (made === undefined) {
          this.#wasShared.takeBack(key);
          noteOutcome(plan, false);
          return;
        }
        this.#wasShared.add(key);
        const isKept = this.#keep(answers, { key, mark, begunAtMs, ...made });
        if (isPromise(isKept)) void isKept.then((is) => noteOutcome(plan, is));
        else noteOutcome(plan, isKept);
      },
    };
  }

  /** Counts one of its hits as given in front of a server. */
  countInFront(): void {
    this.#inFront += 1;
  }

  counters(): MemoCounters {
    const answers = this.#options.entries.answers;
    return {
      hits: this.#hits,
      inFront: this.#inFront,
      kept: this.#kept,
      savedMs: this.#savedMs,
      answers: answers?.size ?? 0,
      bytes: answers?.bytes ?? 0,
      evictions: answers?.evictions ?? 0,
    };
  }

  /**
   * Gives the answer that another request is making. Every invalidation that was acknowledged before this one came is in the log by
   * then: if it touches no read that has begun, the answer is as new as one that is made now, as all others begin later.
   */
  async #join(
    answers: KeptAnswers,
    key: string,
    underWay: AnswerUnderWay<KeptAnswer>,
  ): Promise<KeptAnswer | undefined> {
    const { clock } = this.#options;
    if (!(await answers.prove())) return undefined;
    const { mark, read } = underWay;
    if (!answers.isUntouchedSince(mark, key, () => read.tags())) return undefined;
    // What has ended by now would not be read any more.
    if (read.untilMs <= clock.nowMs()) return undefined;
    const answer = await underWay.wait(clock);
    if (answer !== undefined) return this.#give(answer, true).joined;
    if (!underWay.hasEnded) {
      // It hangs, or its server has lost it.
      this.#underWay.end(key, underWay, undefined);
      this.#wasShared.takeBack(key);
    }
    return undefined;
  }

  #take(answers: KeptAnswers, key: string): KeptAnswer | undefined {
    const answer = answers.find(key);
    return answer instanceof KeptAnswer ? this.#give(answer, false) : undefined;
  }

  /** Who is given it while it is made has joined the loads in it. */
  #give(answer: KeptAnswer, isJoined: boolean): KeptAnswer {
    const { hits, repeats } = answer.made;
    this.#hits += 1;
    for (const { counters, hits: count, savedMs, loads, loadMs } of hits) {
      const saved = isJoined ? savedMs - loadMs : savedMs;
      counters.hits += isJoined ? count - loads : count;
      if (isJoined) counters.joined += loads;
      counters.savedMs += saved;
      this.#savedMs += saved;
    }
    for (const repeat of repeats) repeat();
    return answer;
  }

  /** Undefined where the answer may not be given to others. */
  #madeOf(plan: OperationPlan, recording: Recording, result: Executed | undefined): Made | undefined {
    const recorded = recording.awaitedFor(plan.read);
    const { data } = result ?? {};
    if (recorded === undefined || result?.errors !== undefined) return undefined;
    if (typeof data !== 'object' || data === null || !isPlainJson(data)) return undefined;
    const { fills, ...made } = recorded;
    const onBytes = (): boolean => (this.#sendsBytes = true);
    const [text, names] = [JSON.stringify(data), Object.keys(data)];
    return { answer: new KeptAnswer({ text, names, made, freshness: made, onBytes }), fills };
  }

  #keep(
    answers: KeptAnswers,
    { key, mark, begunAtMs, answer, fills }: Made & { key: string; mark: Mark; begunAtMs: number },
  ): MaybePromise<boolean> {
    const { text, made } = answer;
    const bytes = Buffer.byteLength(text);
    const textBytes = bytes === text.length ? bytes : 2 * text.length;
    const sentBytes = this.#sendsBytes && answer.isLong ? bytes : 0;
    const valueBytes = ANSWER_BYTES + textBytes + sentBytes + HITS_BYTES * made.hits.length;
    const keep = (): boolean => {
      // The clock was set back: when the answer ends would be told by another one.
      if (this.#options.clock.nowMs() < begunAtMs) return false;
      const { tags, untilMs } = made;
      const isKept = answers.keep(key, { value: answer, tags, valueBytes, untilMs }, mark);
      if (isKept) this.#kept += 1;
      return isKept;
    };
    if (fills.every((outcome) => outcome === 'stored')) return keep();
    const areStored = Promise.all(fills).then((outcomes) => outcomes.every((is) => is === 'stored'));
    return areStored.then((are) => are && keep()).catch(() => false);
  }
}

/** An answer that others may be given, and the fills that have to end with `stored` before it is kept. */
interface Made {
  readonly answer: KeptAnswer;
  readonly fills: readonly unknown[];
}

function noteOutcome(plan: OperationPlan, isKept: boolean): void {
  plan.failures = isKept ? 0 : plan.failures + 1;
  const failures = plan.failures - FAILURES_FOR_NOTHING;
  plan.passes = failures <= 0 ? 0 : Math.min(2 ** failures, MOST_PASSES);
}

/** Undefined where its answer is not kept. */
function keyOf(
  plan: OperationPlan,
  { variables = {}, context }: Pick<OperationAsked, 'variables' | 'context'>,
): string | undefined {
  if (!isPlainJson(variables)) return undefined;
  const variant = variantOf(plan, context);
  if (variant === undefined) return undefined;
  const key = `${plan.number} ${variant} ${JSON.stringify(variables)}`;
  return key.length > LONGEST_KEY ? undefined : key;
}

/** What its answers vary by in this context; undefined where that cannot be told, which is for the execution to say. */
function variantOf({ variantsOf }: OperationPlan, context: object): string | undefined {
  try {
    let text = '';
    for (const of of variantsOf) text += of(context).text;
    return text;
  } catch {
    return undefined;
  }
}
