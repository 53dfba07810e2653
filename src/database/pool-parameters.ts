import type { DatabaseLimits } from './database-limits.js';

/** Connections of one process, where the URL says nothing. */
const DEFAULT_CONNECTIONS = 10;

/** What Prisma's own engine reads in a URL, and the driver does not. */
const IGNORED: readonly string[] = ['pool_timeout', 'connect_timeout', 'socket_timeout'];

/** What the parameters of a checked URL, as Prisma's documentation has them, mean for the pool. */
export function poolParameters(
  { searchParams }: URL,
  { connectMs }: Pick<DatabaseLimits, 'connectMs'>,
): { readonly max: number; readonly ignored?: string } {
  const max = Number(searchParams.get('connection_limit') ?? DEFAULT_CONNECTIONS);
  const names = IGNORED.filter((name) => searchParams.has(name));
  if (names.length === 0) return { max };
  const ignored = `DATABASE_URL has ${names.join(' and ')} in it, which ${names.length === 1 ? 'is' : 'are'} ignored: a connection is waited for up to ${connectMs} ms, which DATABASE_CONNECT_MS sets; leave ${names.length === 1 ? 'it' : 'them'} out.`;
  return { max, ignored };
}

/** With fewer connections none is kept apart. */
const APART_FROM = 4;
/** From so many on the relay and /readyz have two. */
const TWO_APART_FROM = 6;

/** Of all connections of a process: how many are for requests, and how many are kept apart for the relay and for /readyz. */
export function splitConnections(max: number): { readonly main: number; readonly apart: number } {
  const apart = max < APART_FROM ? 0 : max < TWO_APART_FROM ? 1 : 2;
  return { main: max - apart, apart };
}
