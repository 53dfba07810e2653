import { CommandFault, wrongCommand } from './command-fault.js';

/** Where a running server is. What is printed of it has neither a password nor a token. */
export interface ServerAddress {
  readonly shown: string;
  /** What is fetched: without user and password, which `fetch` refuses in a URL. */
  readonly url: string;
  /** `Authorization: Basic` with the user and the password of the URL. */
  readonly authorization: string | undefined;
}

interface Given {
  /** Where the URL was given, as messages name it: --server. */
  readonly name: string;
  /** Taken where the URL has none. */
  readonly path: string;
  readonly example: string;
}

/** The address of a running server. @throws CommandFault where it is none; it repeats nothing of the URL, which may hold a password. */
export function serverAddress(text: string, { name, path, example }: Given): ServerAddress {
  if (!URL.canParse(text)) throw wrongCommand(`${name} is not a URL; write for example ${example}.`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw wrongCommand(`${name} must begin with http:// or https://; write for example ${example}.`);
  // Most often a character of the password has ended the host: what is printed would have the rest of it.
  if (`${url.pathname}${url.search}${url.hash}`.includes('@'))
    throw wrongCommand(
      `${name} has an @ behind its host; percent-encode special characters of the password, and an @ of the path as %40.`,
    );
  const authorization = basicOf(url, name);
  url.username = '';
  url.password = '';
  if (url.pathname === '/') url.pathname = path;
  return { shown: `${url.origin}${url.pathname}`, url: url.href, authorization };
}

function basicOf({ username, password }: URL, name: string): string | undefined {
  if (username === '' && password === '') return undefined;
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(credentials).toString('base64')}`;
  } catch {
    throw wrongCommand(
      `${name} has a % in its user or password that encodes no character; write a % itself as %25.`,
    );
  }
}

interface Asking {
  readonly method?: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** As `fetch`. @throws CommandFault where the server does not answer. */
export function fetchFromServer(
  { shown, url, authorization }: ServerAddress,
  { headers, ...asking }: Asking,
): Promise<Response> {
  const proof = authorization === undefined ? {} : { authorization };
  return fetch(url, { ...asking, headers: { ...proof, ...headers } }).catch(() => {
    throw new CommandFault(`${shown} does not answer; is the server running there?`);
  });
}
