import { type Logger, pino, type LoggerOptions } from 'pino';
import type { Config } from '../config.js';

/** What must never be written down, wherever it stands in a line. */
const secrets = ['authorization', 'cookie', 'password', 'token', 'passwordHash', 'variables'];

/** The log: lines for people in development, JSON for machines in production. */
export async function createLog({
  environment,
  logLevel,
}: Pick<Config, 'environment' | 'logLevel'>): Promise<Logger> {
  const options: LoggerOptions = {
    level: logLevel,
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.headers.${name}`]), remove: true },
  };
  const pretty = environment === 'production' ? undefined : await prettyStream();
  return pretty === undefined ? pino(options) : pino(options, pretty);
}

/** Undefined without the development dependency: the lines are JSON then, which says the same. */
async function prettyStream() {
  try {
    const { default: pretty } = await import('pino-pretty');
    return pretty({ translateTime: 'HH:MM:ss', ignore: 'pid,hostname', sync: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
