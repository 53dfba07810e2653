import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Usage } from '../servers/program.js';
import type { ServerName } from '../servers/server-names.js';

/** A measured server in a process of its own. */
export interface ServerProcess {
  readonly name: ServerName;
  readonly url: string;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** Starts a server; resolves when it listens. It ends with this process at the latest. */
export async function startServer(
  name: ServerName,
  { redisUrl, isProfiled }: { redisUrl: string; isProfiled: boolean },
): Promise<ServerProcess> {
  const program = path.join(import.meta.dirname, '..', 'servers', 'program.js');
  const child = fork(program, [name, redisUrl], {
    execArgv: isProfiled ? ['--cpu-prof'] : [],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ${name} ended by itself with ${String(code)}`);
  });
  const answer = async (): Promise<object> => {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [object];
    return message;
  };
  const started = await answer();
  return {
    name,
    url: 'url' in started ? String(started.url) : '',
    usage: async () => {
      const answered = answer();
      child.send('usage');
      return (await answered) as Usage;
    },
    stop: async () => {
      child.send('stop');
      await ended.catch(() => undefined);
    },
  };
}
