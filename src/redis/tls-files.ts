import { readFileSync } from 'node:fs';
import { ConfigurationError } from '../start/configuration-error.js';

/** Files in PEM for encrypted connections to Redis; what is undefined is what Node.js does by itself. */
export interface TlsFiles {
  /** Certificates of the authorities that are trusted, in the place of the usual ones. */
  readonly ca: string | undefined;
  /** The certificate that shows who this process is, and the key to it. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export const noTlsFiles: TlsFiles = { ca: undefined, cert: undefined, key: undefined };

/** Reads one. @throws ConfigurationError where it cannot be read or is of another form; nothing of it is repeated. */
export function readTlsFile(file: string, name: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new ConfigurationError(
      `${name} must name a file in PEM, but ${JSON.stringify(file)} cannot be read${code}.`,
    );
  }
  if (text.includes('-----BEGIN ')) return text;
  throw new ConfigurationError(
    `${name} must name a file in PEM, which holds a line like -----BEGIN CERTIFICATE-----; ${JSON.stringify(file)} does not.`,
  );
}

/** The files as ioredis and Node.js take them. */
export function readTlsFiles({ ca, cert, key }: TlsFiles): { ca?: string; cert?: string; key?: string } {
  return {
    ...(ca === undefined ? {} : { ca: readTlsFile(ca, 'REDIS_TLS_CA') }),
    ...(cert === undefined ? {} : { cert: readTlsFile(cert, 'REDIS_TLS_CERT') }),
    ...(key === undefined ? {} : { key: readTlsFile(key, 'REDIS_TLS_KEY') }),
  };
}
