import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names one run of one process: a process id alone is soon given to another process. */
export interface RunningProcess {
  readonly host: string;
  readonly pid: number;
  /** The system's own mark for the moment at which the process started; undefined where it offers none. */
  readonly startedAt?: string | undefined;
}

export function thisProcess(): RunningProcess {
  return { host: hostname(), pid: process.pid, startedAt: startOf(process.pid) };
}

/** Whether that very run goes on. On another host it cannot be known, so it counts as running. */
export function isRunning({ host, pid, startedAt }: RunningProcess): boolean {
  if (host !== hostname()) return true;
  return exists(pid) && startOf(pid) === startedAt;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, but belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Linux tells ticks since boot (field 22), and a name in parentheses before them may hold spaces. */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
    return ticks === undefined ? undefined : `${boot}:${ticks}`;
  } catch {
    // Other systems have no /proc; the process id must do there.
    return undefined;
  }
}
