/** Connections of one process, where the URL says nothing. */
const DEFAULT_CONNECTIONS = 10;

/** What Prisma's own engine reads in a URL, and the driver does not. */
const IGNORED: readonly string[] = ['pool_timeout', 'connect_timeout', 'socket_timeout'];

/** What the parameters of a checked URL, as Prisma's documentation has them, mean for the pool. */
export function poolParameters({ searchParams }: URL): { readonly max: number; readonly ignored?: string } {
  const max = Number(searchParams.get('connection_limit') ?? DEFAULT_CONNECTIONS);
  const names = IGNORED.filter((name) => searchParams.has(name));
  if (names.length === 0) return { max };
  const ignored = `DATABASE_URL has ${names.join(' and ')} in it, which ${names.length === 1 ? 'is' : 'are'} ignored: a connection is waited for up to 5 seconds; leave ${names.length === 1 ? 'it' : 'them'} out.`;
  return { max, ignored };
}
