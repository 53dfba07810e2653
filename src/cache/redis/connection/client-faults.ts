import type { Redis } from 'ioredis';

/**
 * What is wrong with the client that a store or a journal is to make its connections like, each as a sentence: what would
 * otherwise show as an error of the server, or not at all. JavaScript may hand over anything.
 */
export function clientFaults(client: Redis | undefined): string[] {
  const given: unknown = client;
  if (!isObject(given)) return [NO_CLIENT];
  const { options } = given;
  const isClient = typeof given['duplicate'] === 'function' && typeof given['status'] === 'string';
  if (!isClient || !isObject(options)) return [NO_CLIENT];
  const faults: string[] = [];
  if (isSet(options['sentinels']) && isSet(options['tls']) && options['enableTLSForSentinelMode'] !== true) {
    faults.push(
      'the client has sentinels and tls, but encrypts nothing without enableTLSForSentinelMode: true; set it, or leave tls out',
    );
  }
  if (typeof options['path'] === 'string' && options['path'].startsWith('//')) {
    faults.push(
      'the client was made of a URL that ioredis does not know, and would look for a unix socket; begin the URL with ' +
        'redis://, or with rediss:// for an encrypted connection',
    );
  }
  return [...faults, ...optionFaults(options)];
}

/** What is wrong with the options of a client, or of those that a client of a cluster makes its connections with. */
export function optionFaults(options: Readonly<Record<string, unknown>>): string[] {
  const faults: string[] = [];
  if (options['role'] === 'slave' || options['readOnly'] === true) {
    const option = options['readOnly'] === true ? 'readOnly: true' : "role: 'slave'";
    faults.push(
      `the client has ${option}, but a replica lags behind its primary, so that what it answers may be stale; leave that ` +
        'option out',
    );
  }
  if (isSet(options['keyPrefix'])) {
    const prefix = String(options['keyPrefix']).replace(/[^A-Za-z0-9_.-]/g, '');
    faults.push(
      `the client has keyPrefix: ${JSON.stringify(options['keyPrefix'])}, which would not stand before the keys; ` +
        `leave that option out, and pass prefix: ${JSON.stringify(prefix || 'corral')} as an option here`,
    );
  }
  if (options['stringNumbers'] === true) {
    faults.push(
      'the client has stringNumbers: true, which turns the numbers of replies into texts; leave that option out',
    );
  }
  return faults;
}

const NO_CLIENT = 'the first argument must be a client of ioredis; pass new Redis(url)';

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
