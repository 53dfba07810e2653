import { wrongCommand } from './command-fault.js';

const form = 'postgresql://user:password@host:5432/database';
const encode = 'percent-encode special characters of the password';
/** What the driver takes besides URLs: the folder of a unix socket. */
const SOCKET = /^(socket:[^@]*$|\/(?!\/)[^@]*$)/;

/**
 * A URL of PostgreSQL that the driver reads as it was meant. @throws CommandFault otherwise, which repeats nothing of it: what the
 * driver takes for a host or a file it names in its errors, and that can be a part of the password.
 */
export function checkedDatabaseUrl(text: string, name: string): string {
  if (SOCKET.test(text)) return text;
  const rest = faultOf(text);
  if (rest !== undefined) throw wrongCommand(`${name} ${rest}; it must look like ${form}.`);
  return text;
}

function faultOf(text: string): string | undefined {
  if (!/^postgres(ql)?:\/\//i.test(text)) return 'must begin with postgresql://';
  // Without a host: the driver goes to a socket.
  const readable = [text, text.replace('@/', '@host/')].find((one) => URL.canParse(one));
  if (readable === undefined) return `is not a URL; ${encode}`;
  const url = new URL(readable);
  return `${url.pathname}${url.search}${url.hash}`.includes('@')
    ? `has an @ behind its host; ${encode}, and an @ elsewhere as %40`
    : undefined;
}
