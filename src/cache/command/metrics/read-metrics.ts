import { CommandFault } from '../command-fault.js';
import { fetchFromServer, serverAddress, type ServerAddress } from '../server-address.js';

/** One line of the metrics of a process. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const DEFAULT_URL = 'http://localhost:4000';
const ANSWERS_WITHIN_MS = 5000;
const SAMPLE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** What commands that ask processes say of where these are. */
export const metricsArgument = {
  name: '[urls...]',
  says: `where processes tell their metrics; /metrics is added where a URL has no path; default: ${DEFAULT_URL}`,
} as const;

/** Asks processes for their metrics, all at once. @throws CommandFault where one does not tell them. */
export async function fetchMetrics(urls: readonly string[]): Promise<readonly Sample[]> {
  const given = urls.length === 0 ? [DEFAULT_URL] : urls;
  const addresses = given.map((url, index) => {
    const name = given.length === 1 ? 'The URL of the process' : `URL ${index + 1} of ${given.length}`;
    return serverAddress(url, { name, path: '/metrics', example: DEFAULT_URL });
  });
  return (await Promise.all(addresses.map(fetchFrom))).flat();
}

async function fetchFrom(address: ServerAddress): Promise<readonly Sample[]> {
  const { shown } = address;
  const response = await fetchFromServer(address, {
    headers: { accept: 'text/plain' },
    signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
  });
  if (response.status === 404)
    throw new CommandFault(
      `${shown} does not exist; name the URL at which the server tells its metrics, with its path.`,
    );
  if (response.status === 401)
    throw new CommandFault(
      `${shown} refuses${address.authorization === undefined ? '; put user and password into the URL, https://user:password@host' : ' the user and the password of the URL'}.`,
    );
  if (!response.ok) throw new CommandFault(`${shown} answered with status ${response.status}.`);
  const samples = samplesIn(await response.text());
  if (samples.some(({ name }) => name.startsWith('cache_'))) return samples;
  throw new CommandFault(
    `${shown} tells no metrics of a cache; addCacheMetrics of graphql-corral/prometheus adds them.`,
  );
}

/** Reads the text format of Prometheus. */
export function samplesIn(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    const pairs = Array.from(
      labels.matchAll(LABEL),
      ([, label = '', quoted = '']) => [label, unquoted(quoted)] as const,
    );
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

function unquoted(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
