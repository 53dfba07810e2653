import { isIPv6 } from 'node:net';

/** The first four of the eight groups of an IPv6 address: what one subscriber is given. */
const SUBSCRIBER_GROUPS = 4;

/** The first six of them where the last two are an IPv4 address. */
const OF_IPV4 = '0:0:0:0:0:ffff';

/** What counts as one client: an IPv4 address, or the /64 network of an IPv6 address, in which a client may pick any. */
export function addressGroup(address: string): string {
  const [plain = ''] = address.split('%');
  // As Node.js writes it, at once: this is asked for each request.
  const embedded = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (embedded !== undefined) return embedded;
  if (!isIPv6(plain)) return plain;
  const groups = groupsOf(plain);
  if (groups.slice(0, 6).join(':') === OF_IPV4) return groups.slice(6).flatMap(bytesOf).join('.');
  return `${groups.slice(0, SUBSCRIBER_GROUPS).join(':')}::/64`;
}

function groupsOf(address: string): string[] {
  const [head = '', tail = ''] = inGroups(address).split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const left = address.includes('::') ? 8 - first.length - last.length : 0;
  const zeros = Array.from({ length: Math.max(0, left) }, () => '0');
  return [...first, ...zeros, ...last].map((group) => group.replace(/^0+(?=.)/, ''));
}

/** An IPv6 address may end with an IPv4 address, which stands for two groups. */
function inGroups(address: string): string {
  return address
    .toLowerCase()
    .replace(
      /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
      (_, ...bytes: string[]) => `${groupOf(bytes[0], bytes[1])}:${groupOf(bytes[2], bytes[3])}`,
    );
}

function groupOf(high: string | undefined, low: string | undefined): string {
  return (256 * Number(high) + Number(low)).toString(16);
}

function bytesOf(group: string): number[] {
  const value = parseInt(group, 16);
  return [value >> 8, value & 255];
}
