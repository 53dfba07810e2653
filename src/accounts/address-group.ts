import { isIPv6 } from 'node:net';

/** The first four of the eight groups of an IPv6 address: what one subscriber is given. */
const SUBSCRIBER_GROUPS = 4;

/** What counts as one client: an IPv4 address, or the /64 network of an IPv6 address, in which a client may pick any. */
export function addressGroup(address: string): string {
  const [plain = ''] = address.split('%');
  const embedded = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (embedded !== undefined) return embedded;
  if (!isIPv6(plain)) return plain;
  return `${groupsOf(plain).slice(0, SUBSCRIBER_GROUPS).join(':')}::/64`;
}

function groupsOf(address: string): string[] {
  const [head = '', tail = ''] = address.toLowerCase().split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const left = address.includes('::') ? 8 - first.length - last.length : 0;
  const zeros = Array.from({ length: Math.max(0, left) }, () => '0');
  return [...first, ...zeros, ...last].map((group) => group.replace(/^0+(?=.)/, ''));
}
