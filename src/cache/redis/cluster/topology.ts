/** Where a server is. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A primary, and the slots that it owns. */
export interface Owner extends Address {
  readonly id: string;
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** What a node says of the primaries: CLUSTER SLOTS, whose reply has a part for each range of slots. */
export function readOwners(reply: unknown, asked: Address): readonly Owner[] {
  const owners = new Map<string, { address: Address; ranges: [number, number][] }>();
  for (const part of listOf(reply)) {
    const [from, to, primary] = listOf(part);
    const [host, port, id] = listOf(primary);
    if (typeof from !== 'number' || typeof to !== 'number' || typeof port !== 'number') continue;
    if (typeof id !== 'string') continue;
    // A node that does not know its own name says nothing of it: it is the one that was asked.
    const address = { host: typeof host === 'string' && host !== '' ? host : asked.host, port };
    const owner = owners.get(id) ?? { address, ranges: [] };
    owner.ranges.push([from, to]);
    owners.set(id, owner);
  }
  return Array.from(owners, ([id, { address, ranges }]) => ({ id, ...address, ranges }));
}

export function sameAddress(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
