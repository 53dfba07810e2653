import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { variables, type Variable } from '../variables.js';
import { ConfigurationError } from './configuration-error.js';
import { packageRoot } from './package-root.js';

const help = `Usage: npm start

Starts the film API: GraphQL at /graphql, health at /healthz and /readyz.
Without any setting it needs nothing else: an embedded database with demo data in .data, and entries in memory.

Options
  --help      shows this
  --version   shows the version

Settings are environment variables, or lines of a file .env; in brackets is what holds without one. docs/reference/environment.md
says what each may be:

${Object.entries(variables).map(settingLines).join('')}
With DATABASE_URL and REDIS_URL set, several processes serve the same data.
`;

function settingLines([name, { unset, meaning }]: [string, Variable]): string {
  return `  ${name} (${unset})\n      ${meaning}\n`;
}

/** What a person asked for: the text to print instead of starting, or undefined. @throws ConfigurationError */
export function answerCommandLine(parameters: readonly string[]): string | undefined {
  const { values } = parse(parameters);
  if (values.help === true) return help;
  return values.version === true ? `${version()}\n` : undefined;
}

function parse(parameters: readonly string[]) {
  try {
    return parseArgs({
      args: [...parameters],
      options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
    });
  } catch (cause) {
    const [first = ''] = parameters;
    throw new ConfigurationError(`The option ${first} is not known; --help shows what there is.`, { cause });
  }
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8'));
  const found: unknown =
    typeof manifest === 'object' && manifest !== null && Reflect.get(manifest, 'version');
  return String(found);
}
