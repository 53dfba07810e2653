import net from 'node:net';
import process from 'node:process';

/**
 * Loaded into a program before all else (`NODE_OPTIONS=--import=...`): what it would send to one port goes to another, as
 * REDIRECT_PORT (`from:to`, of several ports with commas between) says. So each process has a way to Redis of its own, yet all know it by one address, which
 * they must: by it, they share the rows of the outbox.
 */
const pairs = (process.env['REDIRECT_PORT'] ?? '').split(',').map((pair) => pair.split(':').map(Number));
const redirected = new Map(pairs.map(([from, to]) => [from, to]));
const { createConnection } = net;

// Redis is reached by `createConnection(options)`; whoever starts the program must see that it is.
net.createConnection = (options, ...rest) =>
  createConnection(
    redirected.has(options?.port) ? { ...options, port: redirected.get(options.port) } : options,
    ...rest,
  );
