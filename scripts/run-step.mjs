import { spawn } from 'node:child_process';
import process from 'node:process';

const TELL_EVERY_MS = 2000;

/**
 * Runs a Node program to its end, saying every two seconds for how long it has run. Its output is shown only where it fails, or
 * always with `isShown`. Resolves with whether it succeeded.
 */
export function runStep(title, { file, parameters, cwd, env = process.env, isShown = false }) {
  const startedAt = performance.now();
  const seconds = () => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  console.log(`${title} …`);
  // What shows its output tells how far it is by itself.
  const telling = isShown
    ? undefined
    : setInterval(() => console.log(`${title} … ${seconds()}`), TELL_EVERY_MS);
  const child = spawn(process.execPath, [file, ...parameters], {
    ...{ cwd, env },
    stdio: isShown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  const output = [];
  child.stdout?.on('data', (bytes) => output.push(bytes));
  child.stderr?.on('data', (bytes) => output.push(bytes));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      clearInterval(telling);
      if (status === 0) console.log(`${title}: done in ${seconds()}.`);
      else console.error(`${Buffer.concat(output).toString()}\n${title}: failed; the reason is above.`);
      resolve(status === 0);
    });
  }).finally(() => clearInterval(telling));
}
