import { BlockList, isIPv6 } from 'node:net';
import { plainAddress } from './client-of.js';

/** Whether an address is one of a trusted proxy, which may say for whom it asks. A proxy may name the one before it with its port. */
export function trustOf(proxies: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const plain = plainAddress(address);
    return plain !== undefined && trusted.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}
