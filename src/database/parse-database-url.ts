import { ConfigurationError } from './configuration-error.js';

const form = 'postgresql://user:password@host:5432/database';

/** Checks what can be checked without a connection. The messages never repeat the text: it holds a password. */
export function parseDatabaseUrl(databaseUrl: string): URL {
  if (!URL.canParse(databaseUrl)) {
    throw new ConfigurationError(
      `DATABASE_URL is not a URL; it must look like ${form}, with special characters of the password percent-encoded.`,
    );
  }
  const url = new URL(databaseUrl);
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:') {
    throw new ConfigurationError(
      `DATABASE_URL must begin with postgresql://, but begins with ${url.protocol}//; it must look like ${form}.`,
    );
  }
  // Prisma's own examples carry ?schema=public. Another schema would be ignored by the driver without a word.
  const schema = url.searchParams.get('schema') ?? 'public';
  if (schema !== 'public') {
    throw new ConfigurationError(
      `DATABASE_URL asks for the schema "${schema}", but Corral's tables live in the schema "public"; give it a database of its own.`,
    );
  }
  return url;
}
