import type { KeptAnswer } from '../memo/operation-memo.js';

/** The text of answers whose data was looked at by no plugin. */
const texts = new WeakMap<object, string>();

/**
 * The `data` of an answer that was kept, for one request: it is read from its text when a plugin looks at it first, and what the
 * plugin changes is in its own answer only.
 */
export function answerData({ text, names }: KeptAnswer): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  const read = (): void => {
    texts.delete(data);
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
  texts.set(data, text);
  return data;
}

/** Writes an answer as Apollo Server does, with the text that was kept where there is one. */
export function answerText(result: object): string {
  const { data, ...others }: { data?: unknown; errors?: unknown } = result;
  const text = typeof data === 'object' && data !== null ? texts.get(data) : undefined;
  if (text === undefined || others.errors !== undefined) return `${JSON.stringify(result)}\n`;
  const rest = JSON.stringify(others);
  return rest === '{}' ? `{"data":${text}}\n` : `{"data":${text},${rest.slice(1)}\n`;
}

function define(data: object, name: string, property: PropertyDescriptor): void {
  Object.defineProperty(data, name, { ...property, enumerable: true, configurable: true });
}
