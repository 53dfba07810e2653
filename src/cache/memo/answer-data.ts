import { createObjectNotes } from '../object-notes.js';
import type { KeptAnswer } from './kept-answer.js';

/** Answers whose data was looked at by no plugin, each with its text. */
const answers = createObjectNotes<KeptAnswer | undefined>();

/**
 * The `data` of an answer that was kept, for one request: it is read from its text when a plugin looks at it first, and what the
 * plugin changes is in its own answer only.
 */
export function answerData(answer: KeptAnswer): Record<string, unknown> {
  const { text, names } = answer;
  const data: Record<string, unknown> = {};
  const read = (): void => {
    answers.set(data, undefined);
    const values = JSON.parse(text) as Record<string, unknown>;
    for (const name of names) define(data, name, { value: values[name], writable: true });
  };
  for (const name of names) {
    define(data, name, {
      get: () => {
        read();
        return data[name];
      },
      set: (value: unknown) => {
        read();
        data[name] = value;
      },
    });
  }
  answers.set(data, answer);
  return data;
}

/** An answer as JSON, with the text that was kept where there is one. */
export function answerJson(result: object): string {
  const { data, ...others }: { data?: unknown; errors?: unknown } = result;
  const text = typeof data === 'object' && data !== null ? keptAnswerOf(data)?.text : undefined;
  if (text === undefined || others.errors !== undefined) return JSON.stringify(result);
  const rest = JSON.stringify(others);
  return rest === '{}' ? `{"data":${text}}` : `{"data":${text},${rest.slice(1)}`;
}

/** The answer as it was kept; undefined where a plugin has looked at it, or has taken something from it or put into it. */
export function keptAnswerOf(data: object): KeptAnswer | undefined {
  const answer = answers.get(data);
  if (answer === undefined) return undefined;
  const names = Object.keys(data);
  const isWhole = names.length === answer.names.length && names.every((name) => isUnread(data, name));
  return isWhole ? answer : undefined;
}

function isUnread(data: object, name: string): boolean {
  return Object.getOwnPropertyDescriptor(data, name)?.get !== undefined;
}

function define(data: object, name: string, property: PropertyDescriptor): void {
  Object.defineProperty(data, name, { enumerable: true, configurable: true, ...property });
}
