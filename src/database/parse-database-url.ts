import { ConfigurationError } from '../start/configuration-error.js';

const form = 'postgresql://user:password@host:5432/database';
const encode = 'percent-encode special characters of the password';

/** Checks what can be checked without a connection. The messages never repeat the text: it holds a password. */
export function parseDatabaseUrl(databaseUrl: string): URL {
  const fault = (rest: string): ConfigurationError => new ConfigurationError(`DATABASE_URL ${rest}.`);
  if (namesSeveral(databaseUrl)) {
    throw fault(
      `names several hosts, of which the driver knows nothing; name one, which is the primary, like ${form}`,
    );
  }
  if (!URL.canParse(databaseUrl)) {
    throw fault(
      `is not a URL; it must look like ${form}, with special characters of the password percent-encoded`,
    );
  }
  const url = new URL(databaseUrl);
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:') {
    throw fault(
      `must begin with postgresql://, but begins with ${url.protocol}//; it must look like ${form}`,
    );
  }
  const cut = cutShort(url, databaseUrl);
  if (cut !== undefined) throw fault(cut);
  const malformed = malformedPart(url);
  if (malformed !== undefined)
    throw fault(`has a % in its ${malformed} that encodes no character; write a % itself as %25`);
  const refused = Array.from(url.searchParams).flatMap(([name, value]) => parameterFault(name, value) ?? []);
  if (refused[0] !== undefined) throw fault(refused[0]);
  return url;
}

/** How other programs name the schema; Prisma's own examples carry ?schema=public. */
const SCHEMA_NAMES: readonly string[] = ['schema', 'currentSchema', 'search_path'];

/** What a character of the password has cut off, which then would be taken for something else. */
function cutShort(url: URL, text: string): string | undefined {
  if (url.hash !== '' || text.endsWith('#')) return `has a # in it, which ends a URL; ${encode}, # as %23`;
  if (url.pathname.includes('@')) return `has a / before its @, where the host ends; ${encode}, / as %2F`;
  const isCut = Array.from(url.searchParams).some(
    ([name, value]) => name.includes('@') || (SCHEMA_NAMES.includes(name) && value.includes('@')),
  );
  return isCut ? `has a ? before its @, where the options begin; ${encode}, ? as %3F` : undefined;
}

/** The part that cannot be decoded. The driver would take it as it is, or fail without naming the variable. */
function malformedPart({ username, pathname }: URL): string | undefined {
  const parts: [what: string, text: string][] = [
    ['user', username],
    ['database', pathname],
  ];
  return parts.find(([, text]) => !isDecodable(text))?.[0];
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    // What a URIError says is all that is asked for.
    return false;
  }
}

/** A comma in the host: after the last @, as a password may hold commas as well. */
function namesSeveral(text: string): boolean {
  const [hosts = ''] =
    text
      .replace(/^\w+:\/\//, '')
      .split('@')
      .at(-1)
      ?.split(/[/?#]/) ?? [];
  return /^postgres(ql)?:/i.test(text) && hosts.includes(',');
}

/** Why a parameter cannot be used: the driver would ignore it without a word, or obey it and break what is built on it. */
function parameterFault(name: string, value: string): string | undefined {
  if (SCHEMA_NAMES.includes(name)) {
    return value === 'public' ? undefined : otherSchema(`asks for the schema "${value}"`);
  }
  switch (name) {
    case 'options':
      return optionsFault(value);
    case 'connection_limit':
      return /^[1-9]\d{0,3}$/.test(value)
        ? undefined
        : `asks for connection_limit=${value}, which must be a whole number from 1 to 9999`;
    case 'dbname':
    case 'database':
      return `names the database by ${name}=, which the driver ignores; write it behind the host, like ${form}`;
    case 'pgbouncer':
      return value === 'false' ? undefined : throughPooler;
    case 'replication':
    case 'binary':
      return `has ${name}= in it, with which no statement of Corral works; leave it out`;
    case 'client_encoding':
      return /^(utf-?8|unicode)$/i.test(value)
        ? undefined
        : 'asks for another client_encoding than UTF8, which is all that the driver reads; leave it out';
    default:
      return undefined;
  }
}

const throughPooler =
  'says pgbouncer=true, but the migrations lock and the relay listens, which needs connections that stay; name the server ' +
  'itself, or a pooler that keeps one for each session, and leave pgbouncer= out';

/** `-c search_path=films`, `-csearch_path=films` and `--search_path=films` are the same to the server. */
const SETTING = /(?:-c\s*|--)([\w-]+)\s*=\s*((?:\\.|\S)*)/g;

function optionsFault(options: string): string | undefined {
  for (const [, name = '', value = ''] of options.matchAll(SETTING)) {
    const setting = name.toLowerCase().replaceAll('-', '_');
    if (setting === 'search_path' && value !== 'public')
      return otherSchema('sets search_path in its options');
    if (setting === 'session_replication_role' && value !== 'origin') {
      return 'sets session_replication_role in its options, with which no trigger writes down what changes; leave it out';
    }
  }
  return undefined;
}

function otherSchema(what: string): string {
  return `${what}, but Corral's tables live in the schema "public"; give it a database of its own`;
}
