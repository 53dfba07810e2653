import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/start/package-root.js';
import { freePort } from '../support/free-port.js';
import { startProgram } from '../support/processes/program.js';

const run = promisify(execFile);
const pages = ['frameworks.md', 'federation.md'].map((name) =>
  readFileSync(path.join(packageRoot, 'docs', name), 'utf8'),
);
const FILE = /^```ts file=(\S+)\n([\s\S]*?)^```$/gm;
const SHELL = /^```sh shell\n([\s\S]*?)^```$/m;
const ASKED = /^```sh ask=(\w+)\n([\s\S]*?)^```\n\n^```text\n([\s\S]*?)^```$/gm;

/** What the pages show of files in examples/, by their paths. */
export const shownFiles: Readonly<Record<string, string>> = Object.fromEntries(
  pages.flatMap((page) => Array.from(page.matchAll(FILE), ([, file, text]) => [file, text])),
);

export interface AskedExample {
  /** Commands for a shell, as a page has them. */
  readonly script: string;
  /** Parts of the answers, in the same order. */
  readonly shown: readonly unknown[];
}

/** What the pages ask of examples, by the name after `ask=`. */
export const asked: Readonly<Record<string, AskedExample>> = Object.fromEntries(
  pages.flatMap((page) => {
    const [, shell = ''] = SHELL.exec(page) ?? [];
    return Array.from(page.matchAll(ASKED), ([, name = '', commands = '', shown = '']) => [
      name,
      { script: shell + commands, shown: linesOf(shown) },
    ]);
  }),
);

interface RunExample {
  /** The program itself. */
  readonly file: string;
  readonly script: string;
  /** Where it may write. */
  readonly folder: string;
  readonly atEnd: (end: () => Promise<void>) => void;
}

/** Starts an example as a process of its own, asks it by `curl`, and ends it as an orchestrator does. */
export async function runExample({ file, script, folder, atEnd }: RunExample) {
  const port = await freePort();
  const program = startProgram({ file, folder, environment: { PORT: `${port}` }, atEnd });
  await program.prints(/^Ready at http:\/\/localhost:\d+\/graphql$/m);
  const here = script.replaceAll('localhost:4000', `localhost:${port}`);
  const { stdout } = await run('bash', ['-c', `set -e\n${here}`]);
  program.child.kill('SIGTERM');
  const { code, stderr } = await program.ended();
  return { answers: linesOf(stdout), code, stderr };
}

function linesOf(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line): unknown => JSON.parse(line));
}
