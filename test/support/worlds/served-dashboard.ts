import { once } from 'node:events';
import { createServer, type IncomingMessage, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  cacheDashboard,
  type CacheDashboard,
  type CacheDashboardOptions,
} from '../../../src/cache/dashboard/index.js';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import type { CacheReport } from '../../../src/cache/types/index.js';
import { cacheLog } from '../cache-log.js';
import { type TestCache, testCache, type TestCacheOptions } from '../test-cache.js';

export interface ServedDashboard extends TestCache {
  readonly dashboard: CacheDashboard;
  readonly server: Server;
  readonly port: number;
  /** How often figures were read. */
  reads(): number;
  ask(path: string, asked?: Asked): Promise<Replied>;
  /** Opens the stream of figures, and reads it until it is told what to wait for. */
  watch(headers?: Record<string, string>): Promise<Watching>;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object | string;
}

export interface Replied {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface Watching {
  readonly status: number;
  /** What came so far. */
  text(): string;
  /** The data of all events of this name so far. */
  events(name: string): unknown[];
  readonly ended: Promise<void>;
  close(): void;
}

const typeDefs = 'type Query { film(id: ID!): String @cached(ttl: 60) }';
const resolvers = { Query: { film: (_parent: unknown, { id }: { id?: string }) => `film ${id}` } };

/** A cache of one field. */
export function filmCache(options: Partial<TestCacheOptions> = {}): TestCache {
  return testCache({ typeDefs, resolvers, ...options });
}

/** A page over it, served by `node:http` and closed after the test. */
export async function servedDashboard(
  options: CacheDashboardOptions = {},
  { padded = 0, store }: { padded?: number; store?: Store } = {},
): Promise<ServedDashboard> {
  const { clock } = options;
  const time = clock === undefined ? {} : { clock, store: store ?? memoryStore({ clock }) };
  const world = filmCache(time);
  await world.cache.start();
  let reads = 0;
  const report: typeof world.cache.stats.report = async (asked) => {
    reads += 1;
    const made: CacheReport = await world.cache.stats.report(asked);
    return padded === 0 ? made : { ...made, warnings: ['x'.repeat(padded)] };
  };
  const cache = { ...world.cache, stats: { ...world.cache.stats, report } };
  const dashboard = cacheDashboard(cache, { clock: world.clock, log: cacheLog(), ...options });
  const server = createServer((request, response) => void dashboard.handle(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  onTestFinished(async () => {
    await dashboard.close();
    server.closeAllConnections();
    server.close();
    await world.cache.close();
  });
  return {
    ...world,
    ...{ dashboard, server, port },
    reads: () => reads,
    ask: (path, asked) => replyOf(port, path, asked),
    watch: (headers) => watching(port, headers),
  };
}

/** As `fetch`, which allows neither another Host nor what browsers say by themselves. */
async function replyOf(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Replied> {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const asking = send({ port, path, method, host: '127.0.0.1', headers: { ...json, ...headers } });
  asking.end(typeof body === 'object' ? JSON.stringify(body) : body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

async function watching(port: number, headers: Record<string, string> = {}): Promise<Watching> {
  const asking = send({ port, path: '/cache/figures', host: '127.0.0.1', headers });
  asking.end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  // A connection that is cut off is an end too.
  response.on('error', () => undefined);
  return {
    status: response.statusCode ?? 0,
    text: () => text,
    events: (name) =>
      Array.from(text.matchAll(new RegExp(`^event: ${name}\\ndata: (.*)\\n`, 'gm')), ([, data = '']) =>
        JSON.parse(data),
      ),
    ended: new Promise((resolve) => void response.on('close', resolve)),
    close: () => asking.destroy(),
  };
}
