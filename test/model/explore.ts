import { Visited, type State } from './visited.js';

/** Offers one step that somebody could take now. `words` is only asked for when the step is part of an answer. */
export type Step = (words: () => string, change: (next: State) => void) => void;

export interface Start {
  readonly words: string;
  readonly state: State;
}

/** A small world in which several actors take turns in any order. */
export interface Model {
  /** Bytes of a state; a multiple of four. */
  readonly bytes: number;
  readonly starts: readonly Start[];
  /** Offers every step that is possible in a state. */
  steps(state: State, step: Step): void;
  /** Rewrites a state into one that stands for others too, with the same future. */
  canonical(state: State): void;
  /** Takes away what is only for words. */
  forgetNames(state: State): void;
  /** Whether the promise is broken here. */
  isBroken(state: State): boolean;
}

export interface Explored {
  readonly verdict: 'SAFE' | 'VIOLATION';
  /** States that were looked at; all there are, where nothing was found. */
  readonly states: number;
  /** The shortest way into a violation, in words. */
  readonly steps: readonly string[];
}

/**
 * Walks through all interleavings, nearest states first, until a broken promise or the end of the world.
 * @throws where there are more states than `atMost`: an answer that takes too long is none.
 */
export function explore(model: Model, atMost = 2_000_000): Explored {
  const visited = new Visited(model.bytes);
  const parents: number[] = [];
  const next = new Uint8Array(model.bytes);
  const nextWords = new Int32Array(next.buffer);
  const state = new Uint8Array(model.bytes);
  const stateWords = new Int32Array(state.buffer);
  let at = -1;
  let broken = -1;
  const reach = (): void => {
    model.canonical(next);
    if (!visited.add(nextWords)) return;
    parents.push(at);
    if (broken < 0 && model.isBroken(next)) broken = parents.length - 1;
  };
  const step: Step = (_, change) => {
    nextWords.set(stateWords);
    change(next);
    reach();
  };
  for (const start of model.starts) {
    next.set(start.state);
    model.forgetNames(next);
    reach();
  }
  for (at = 0; at < parents.length && broken < 0; at += 1) {
    if (parents.length > atMost) throw new Error(`more than ${atMost} states: the variant is too large`);
    visited.copy(at, stateWords);
    model.steps(state, step);
  }
  if (broken < 0) return { verdict: 'SAFE', states: visited.count, steps: [] };
  return { verdict: 'VIOLATION', states: visited.count, steps: wayTo(model, visited, parents, broken) };
}

/** Goes the way once more, with names, so that each actor keeps its own in the words. */
function wayTo(model: Model, visited: Visited, parents: readonly number[], end: number): readonly string[] {
  const way: number[] = [];
  for (let index = end; index >= 0; index = parents[index] ?? -1) way.unshift(index);
  const wanted = new Int32Array(model.bytes / 4);
  const words: string[] = [];
  let state: State | undefined;
  for (const index of way) {
    visited.copy(index, wanted);
    const found = possible(model, state).find((candidate) => isWanted(model, candidate.state, wanted));
    if (found === undefined) throw new Error('the model offers other steps when it is asked again');
    words.push(found.words);
    state = found.state;
  }
  return words;
}

function possible(model: Model, state: State | undefined): readonly Start[] {
  const found: Start[] = [];
  const note = (words: string, next: State): void => {
    model.canonical(next);
    found.push({ words, state: next });
  };
  if (state === undefined) for (const start of model.starts) note(start.words, start.state.slice());
  else {
    model.steps(state, (words, change) => {
      const next = state.slice();
      change(next);
      note(words(), next);
    });
  }
  return found;
}

function isWanted(model: Model, state: State, wanted: Int32Array): boolean {
  const unnamed = state.slice();
  model.forgetNames(unnamed);
  return new Int32Array(unnamed.buffer).every((word, index) => word === wanted[index]);
}
