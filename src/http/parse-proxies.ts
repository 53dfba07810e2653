import { isIP } from 'node:net';
import { ConfigurationError } from '../start/configuration-error.js';

/**
 * Addresses and networks (10.0.0.0/8) with commas between them. @throws ConfigurationError where one is neither, or is every address.
 */
export function parseProxies(text: string, name: string): string[] {
  const proxies = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  const wrong = proxies.find((proxy) => !isNetwork(proxy));
  if (wrong !== undefined) {
    throw new ConfigurationError(
      `${name} must be IP addresses or networks such as 10.0.0.0/8, with commas between them, but has ${JSON.stringify(wrong)}.`,
    );
  }
  const everything = proxies.find((proxy) => /\/0+$/.test(proxy));
  if (everything === undefined) return proxies;
  throw new ConfigurationError(
    `${name} has ${JSON.stringify(everything)}, which is every address, so that any client could give itself any other; name the networks of your proxies.`,
  );
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  if (!/^\d{1,3}$/.test(bits)) return false;
  return Number(bits) <= (version === 4 ? 32 : 128);
}
