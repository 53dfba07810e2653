import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { systemClock } from '../../time/clock.js';
import { every } from '../../time/every.js';
import { CommandFault, wrongCommand } from '../command-fault.js';
import { fetchFromServer, serverAddress, type ServerAddress } from '../server-address.js';
import type { Surroundings } from '../surroundings.js';

const DEFAULT_URL = 'http://localhost:4000/graphql';
/** What names the token where no file does. Not an option: every program of a machine sees what others were started with. */
const TOKEN_VARIABLE = 'CORRAL_TOKEN';
const TELLS_AFTER_MS = 2000;

/** What every command is told that asks a server by GraphQL. */
export interface ServerFlags {
  readonly server: string;
  readonly tokenFile?: string;
}

export function withServerOptions(command: Command): Command {
  return command
    .option('--server <url>', 'the GraphQL endpoint; /graphql is added where a URL has no path', DEFAULT_URL)
    .option(
      '--token-file <file>',
      `a file with a token for Authorization: Bearer; default: ${TOKEN_VARIABLE}`,
    );
}

interface Asked {
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What is told while it takes long. */
  readonly doing: string;
}

/**
 * The `data` of an answer of the schema part of `graphql-corral/admin`. @throws CommandFault where the server does not answer, has no such
 * part, or refuses.
 */
export async function askServer(
  flags: ServerFlags,
  { document, variables, doing }: Asked,
  { environment, err }: Surroundings,
): Promise<Readonly<Record<string, unknown>>> {
  const address = serverAddress(flags.server, { name: '--server', path: '/graphql', example: DEFAULT_URL });
  const token = await tokenOf(flags, environment);
  if (token !== undefined && address.authorization !== undefined)
    throw wrongCommand(
      `A request carries one proof of who asks; leave out the user of --server, or the token of ${TOKEN_VARIABLE} or --token-file.`,
    );
  const startedAtMs = performance.now();
  const endTelling = every(systemClock, TELLS_AFTER_MS, () =>
    err(`${doing} … ${Math.round((performance.now() - startedAtMs) / 1000)} s`),
  );
  try {
    const response = await fetchFromServer(address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query: document, variables }),
    });
    return dataOf(await response.text(), { address: address.shown, refused: refusedWith(address, token) });
  } finally {
    endTelling();
  }
}

async function tokenOf(
  { tokenFile }: ServerFlags,
  environment: Surroundings['environment'],
): Promise<string | undefined> {
  const token =
    tokenFile === undefined
      ? environment[TOKEN_VARIABLE]
      : await readFile(tokenFile, 'utf8').catch(() => {
          throw wrongCommand(`The file ${tokenFile} cannot be read.`);
        });
  const trimmed = token?.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** What to do where the server says that a person may not. */
function refusedWith({ authorization }: ServerAddress, token: string | undefined): string {
  const by = token === undefined ? 'the user of --server' : 'the token';
  return token === undefined && authorization === undefined
    ? `pass a token in ${TOKEN_VARIABLE}, or --token-file`
    : `${by} is not that of a person who may look after the cache`;
}

interface GraphQLAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

function dataOf(
  text: string,
  { address, refused }: { readonly address: string; readonly refused: string },
): Readonly<Record<string, unknown>> {
  const { data, errors = [] } = parsed(text, address);
  const [error] = errors;
  if (error === undefined && data) return data;
  const code = error?.extensions?.code;
  if (code === 'GRAPHQL_VALIDATION_FAILED')
    throw new CommandFault(
      `${address} does not know this; add the schema part of graphql-corral/admin to the schema.`,
    );
  if (code === 'FORBIDDEN' || code === 'UNAUTHENTICATED')
    throw new CommandFault(`${address} refuses: ${refused}.`);
  throw new CommandFault(error?.message ?? `${address} answered without data.`);
}

function parsed(text: string, address: string): GraphQLAnswer {
  try {
    const value: unknown = JSON.parse(text);
    // What a server of GraphQL answers is what GraphQL says.
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw new CommandFault(`${address} does not answer as a GraphQL server does.`);
}
