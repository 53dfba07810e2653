import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { ConfigurationError } from '../start/configuration-error.js';
import { head, MOST_BYTES, type RecordedOperation } from './format.js';

/** A file that what clients ask is written to. */
export interface Recording {
  /** `session` names the session that asks, and is not written; undefined for a guest. */
  add(operation: Omit<RecordedOperation, 'ms' | 'viewer'>, session: string | undefined): void;
  /** Resolves once all that was added is in the file. */
  close(): Promise<void>;
}

export interface RecordingOptions {
  readonly log: { warn(message: string): void };
  /** Default: 64 MiB. */
  readonly maxBytes?: number;
}

/** Begins a recording, and says so. @throws ConfigurationError where the file exists, or cannot be written. */
export async function openRecording(
  file: string,
  { log, maxBytes = MOST_BYTES }: RecordingOptions,
): Promise<Recording> {
  const stream = await opened(file);
  const done = finished(stream).catch((error: unknown) => {
    log.warn(`RECORD_TRAFFIC: nothing more is recorded, as ${file} cannot be written (${codeOf(error)}).`);
  });
  const beganMs = performance.now();
  const numbers = new Map<string, number>();
  let bytes = 0;
  let isFull = false;
  const numberOf = (session: string): number => {
    const number = numbers.get(session) ?? numbers.size + 1;
    numbers.set(session, number);
    return number;
  };
  const write = (line: object): void => {
    const text = `${JSON.stringify(line)}\n`;
    bytes += Buffer.byteLength(text);
    isFull = bytes > maxBytes;
    if (!isFull) stream.write(text);
    else log.warn(`RECORD_TRAFFIC: nothing more is recorded, as ${file} has its most bytes, ${maxBytes}.`);
  };
  log.warn(
    `RECORD_TRAFFIC: what clients ask is written to ${file}: when, the number of the session, the document and its variables; no operation that can take a password, a token or an e-mail address. Meanwhile nothing is answered in front of Apollo Server.`,
  );
  write(head);
  return {
    add(operation, session) {
      if (isFull || !stream.writable) return;
      const ms = Math.round(performance.now() - beganMs);
      write({ ms, ...(session === undefined ? {} : { viewer: numberOf(session) }), ...operation });
    },
    async close() {
      stream.end();
      await done;
    },
  };
}

async function opened(file: string): Promise<WriteStream> {
  // Only its owner may read what clients asked.
  const stream = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  try {
    await once(stream, 'open');
    return stream;
  } catch (error) {
    const name = JSON.stringify(file);
    const code = codeOf(error);
    throw new ConfigurationError(
      code === 'EEXIST'
        ? `RECORD_TRAFFIC must name a new file, but ${name} exists; name another one, or move it away.`
        : `RECORD_TRAFFIC must name a file that can be written, but ${name} cannot (${code}).`,
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
