import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..', '..');
/** The folder of the peers, with packages of its own. */
export const peersFolder = path.join(root, 'bench', 'peers');

/** The program that starts one peer, once it was installed. */
export const peerProgram = path.join(peersFolder, 'dist', 'bench', 'peers', 'program.js');

/** Installs the peers where they are not yet as their lock file says, and compiles what starts them. */
export async function installPeers(signal: AbortSignal): Promise<void> {
  if (!isInstalled()) {
    console.error('installing the peers into bench/peers, which takes about a minute the first time');
    await run('npm', ['ci', '--prefix', peersFolder, '--no-audit', '--no-fund'], signal);
  }
  console.error('compiling the peers');
  await run(
    process.execPath,
    [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', peersFolder],
    signal,
  );
}

/** npm writes down what it installed, after all of it. */
function isInstalled(): boolean {
  const written = path.join(peersFolder, 'node_modules', '.package-lock.json');
  if (!existsSync(written)) return false;
  return statSync(written).mtimeMs >= statSync(path.join(peersFolder, 'package-lock.json')).mtimeMs;
}

async function run(program: string, words: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn(program, words, { cwd: root, stdio: ['ignore', 2, 2], signal });
  const [code]: unknown[] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${path.basename(program)} ${words.join(' ')} ended with ${String(code)}`);
}
