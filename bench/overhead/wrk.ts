import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { findBinary } from '../../test/support/run/find-binary.js';
import type { Workload } from './workloads.js';

const run = promisify(execFile);

/** What the load generator saw of one slice. */
export interface Load {
  readonly requests: number;
  readonly seconds: number;
  /** From a request to its answer: the middle, and what one in a hundred takes longer than. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What is sent, where to, and for how long. */
export interface SentSlice {
  readonly script: string;
  readonly url: string;
  readonly seconds: number;
  /** Default: 64. */
  readonly connections?: number;
  readonly signal: AbortSignal;
}

export function requireWrk(): string {
  const program = findBinary('wrk');
  if (program !== undefined) return program;
  throw new Error('The load generator wrk is not installed; get it with `apt-get install wrk`.');
}

/** Has wrk say at its end what `sendLoad` reads: Lua, to end a script with. */
export const tellResult = `
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
`;

/** Writes the script that makes wrk send a workload. Its requests are built before the first is sent. */
export async function writeScript(folder: string, { name, bodies }: Workload): Promise<string> {
  const file = path.join(folder, `${name}.lua`);
  const lines = bodies.map((body) => `  [==[${body}]==],`);
  const script = `
local bodies = {
${lines.join('\n')}
}
local requests, at = {}, 0
function init()
  local headers = { ["content-type"] = "application/json" }
  for index, body in ipairs(bodies) do requests[index] = wrk.format("POST", nil, headers, body) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
${tellResult}`;
  await writeFile(file, script);
  return file;
}

/** Sends a workload for some seconds. @throws Error when any request failed. */
export async function sendLoad(program: string, slice: SentSlice): Promise<Load> {
  const { script, url, seconds, connections = 64, signal } = slice;
  const { stdout } = await run(program, ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url], {
    signal,
  });
  const result = /RESULT (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(stdout);
  if (result === null) throw new Error(`wrk said nothing that is understood:\n${stdout}`);
  const [, requests = 0, microseconds = 0, failed, p50 = 0, p99 = 0] = result.map(Number);
  if (failed !== 0 || requests === 0) throw new Error(`${failed} requests to ${url} failed:\n${stdout}`);
  return { requests, seconds: microseconds / 1e6, p50Ms: p50 / 1000, p99Ms: p99 / 1000 };
}
