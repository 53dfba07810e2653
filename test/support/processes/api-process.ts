import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { startProgram, type Program } from './program.js';
import { tcpProxy, type TcpProxy } from '../servers/tcp-proxy.js';

export interface ApiProcessOptions {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What the processes know as the ports of Redis; each reaches them through proxies of its own. */
  readonly redisPorts: readonly number[];
  /** A mistake in its store, see `planted-api-program.ts`. */
  readonly plant?: string | undefined;
  /** Told how to end it. */
  readonly atEnd: (end: () => Promise<void>) => void;
}

/** The API as a process of its own that is killed, paused and cut off, and started again. */
export interface ApiProcess {
  /** Where it listens; another place after each start. */
  readonly url: string;
  /** All its ways to Redis. */
  readonly proxy: Pick<TcpProxy, 'set' | 'reset'>;
  readonly isUp: boolean;
  readonly isPaused: boolean;
  /** How often it was killed: who asked before the last time gets no answer. */
  readonly kills: number;
  /** Everything its present life has printed. */
  printed(): string;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, and resolves once it answers. */
  start(): Promise<void>;
  /** Stops it where it is, as a long garbage collection would. */
  pause(): void;
  resume(): void;
}

const redirect = pathToFileURL(path.join(import.meta.dirname, 'redirect-port.mjs')).href;
const planted = path.join(import.meta.dirname, 'planted-api-program.ts');
const ready = /Corral is ready\.\n {2}API +(\S+)\/graphql/;

/** Starts one; it is ready to answer, and uses its proxy. */
export async function apiProcess(options: ApiProcessOptions): Promise<ApiProcess> {
  const { redisPorts, plant, environment, folder, atEnd } = options;
  const proxies = await Promise.all(redisPorts.map((port) => tcpProxy(port, atEnd)));
  let program: Program | undefined;
  let [url, isUp, isPaused, kills] = ['', false, false, 0];

  const start = async (): Promise<void> => {
    program = startProgram({
      folder,
      atEnd,
      ...(plant === undefined ? {} : { file: planted, parameters: [plant] }),
      environment: {
        PORT: '0',
        NODE_OPTIONS: `--import=${redirect}`,
        REDIRECT_PORT: proxies.map(({ port }, index) => `${redisPorts[index]}:${port}`).join(),
        ...environment,
      },
    });
    [, url = ''] = await program.prints(ready);
    isUp = true;
  };
  const pause = (): void => {
    isPaused = true;
    program?.child.kill('SIGSTOP');
  };
  const resume = (): void => {
    program?.child.kill('SIGCONT');
    isPaused = false;
  };
  const kill = async (): Promise<void> => {
    isUp = false;
    kills += 1;
    program?.child.kill('SIGKILL');
    await program?.ended();
  };
  await start();
  if (proxies.some(({ clients }) => clients === 0))
    throw new Error('the process does not reach Redis through its proxy');
  return {
    proxy: {
      set: (faults) => proxies.forEach((proxy) => proxy.set(faults)),
      reset: () => proxies.forEach((proxy) => proxy.reset()),
    },
    start,
    kill,
    pause,
    resume,
    printed: () => program?.printed() ?? '',
    get url() {
      return url;
    },
    get isUp() {
      return isUp;
    },
    get isPaused() {
      return isPaused;
    },
    get kills() {
      return kills;
    },
  };
}
