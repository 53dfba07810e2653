import { readFile, stat } from 'node:fs/promises';
import {
  head,
  MOST_BYTES,
  recordedOperation,
  trafficHead,
  type RecordedOperation,
} from '../../../src/traffic/format.js';

/** The operations of a recording, in order. @throws Error in a sentence that names the file, and the line that is wrong. */
export async function readRecording(file: string): Promise<readonly RecordedOperation[]> {
  const [first, ...lines] = (await textOf(file)).split('\n');
  if (first === undefined || first.trim() === '')
    throw new Error(`${file} is empty; record traffic with RECORD_TRAFFIC`);
  checkHead(file, first);
  // Each line ends with a line break, and nothing follows the last one.
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new Error(`${file} has no operation after its first line`);
  let beforeMs = 0;
  return lines.map((line, at) => {
    const fault = faultOf(file, at);
    const operation = recordedOperation.safeParse(parsed(line, fault));
    if (!operation.success) {
      const [issue] = operation.error.issues;
      throw fault(`${issue?.path.join('.') || 'the line'} is not as recordings have it: ${issue?.message}`);
    }
    const { ms } = operation.data;
    if (ms < beforeMs)
      throw fault(`its time, ${ms} ms, is before that of the line above, ${beforeMs} ms; times only go on`);
    beforeMs = ms;
    return operation.data;
  });
}

/** What is wrong with an operation of a file, by its place among the operations. */
export function faultOf(file: string, at: number): (why: string) => Error {
  return (why) => new Error(`${file}, line ${at + 2}: ${why}`);
}

async function textOf(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MOST_BYTES)
      throw new Error(`${file} has ${size} bytes, but a recording has at most ${MOST_BYTES}`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error)
      throw new Error(`${file} cannot be read (${String(error.code)})`, { cause: error });
    throw error;
  }
}

function checkHead(file: string, line: string): void {
  const fault = (why: string): Error => new Error(`${file}, line 1: ${why}`);
  const told = parsed(line, fault);
  if (trafficHead.safeParse(told).success) return;
  throw fault(
    `a recording of this version begins with ${JSON.stringify(head)}, but this one with ${JSON.stringify(told)}; record it again`,
  );
}

function parsed(line: string, fault: (why: string) => Error): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw fault(
      'it is no JSON; a recording that ended in a crash may have half a line at its end: remove it',
    );
  }
}
