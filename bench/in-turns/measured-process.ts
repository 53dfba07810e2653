import { once } from 'node:events';
import process from 'node:process';
import { forkSteady } from '../overhead/fork-steady.js';
import type { Turn } from './in-turns.js';

/** The turns that a program takes when it is sent these settings. */
export async function turnsOf(
  program: string,
  settings: object,
  signal: AbortSignal,
): Promise<readonly Turn[]> {
  const child = forkSteady(program, [], signal);
  const ended = once(child, 'exit').then((): never => {
    throw new Error('a measured process ended before it had measured');
  });
  child.send(settings);
  const [turns] = (await Promise.race([once(child, 'message'), ended])) as [readonly Turn[]];
  return turns;
}

/** Such a program: takes its turns when it is told its settings, and ends. */
export async function takeTurns<Settings>(
  measure: (settings: Settings) => Promise<readonly Turn[]>,
): Promise<void> {
  const [settings] = (await once(process, 'message')) as [Settings];
  process.on('disconnect', () => process.exit(1));
  const turns = await measure(settings);
  process.send?.(turns, () => process.exit(0));
}
