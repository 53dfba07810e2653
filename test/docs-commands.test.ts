import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs } from '../src/cache/index.js';
import { variableNames } from '../src/config.js';
import { namesIn } from './support/manifest.js';
import { allPages } from './support/pages.js';
import { readTypeDefs } from '../src/schema/read-type-defs.js';

/**
 * Commands of the docs that take too long, or change too much, to be run here: each names only what there is. The first
 * query and what it answers are run by api/readme.test.ts, and what `npm ci`, `npm start` and `npm test` do by e2e/ and CI.
 */
const root = resolve(import.meta.dirname, '..');
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
/** By package/own-project.test.ts. */
const RUN_AS_WRITTEN = join('docs', 'your-own-project.md');
const pages = allPages.filter((page) => page !== RUN_AS_WRITTEN);

const scripts = namesIn('package.json', 'scripts');
const commandsOfPackage = namesIn(join('src', 'cache', 'package.json'), 'bin');
const locked = namesIn('package-lock.json', 'packages');
const schema = buildSchema([cacheTypeDefs, ...readTypeDefs()].join('\n'));
/** Programs whose files and arguments deploy.test.ts checks. */
const CHECKED_ELSEWHERE = ['docker', 'kubectl'];
const ROUTES = ['/graphql', '/metrics', '/healthz', '/readyz'];

/** The commands of a page, a line each, without comments. */
function commandsOf(text: string): string[] {
  return Array.from(text.matchAll(/^```(?:sh|bash)\n([\s\S]*?)^```/gm), ([, block = '']) => block)
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split(/\n|&&/)
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, '')
        .replace(/&\s*$/, '')
        .trim(),
    )
    .filter((line) => line !== '');
}

/** What is wrong with a command; undefined where it names only what there is. */
function faultOf(command: string): string | undefined {
  const [, settings = '', line = ''] = /^(?:export )?((?:[A-Z_]+=\S+\s*)*)(.*)$/.exec(command) ?? [];
  const unknown = Array.from(settings.matchAll(/([A-Z_]+)=/g), ([, name = '']) => name).filter(
    (name) => !variableNames.includes(name),
  );
  if (unknown.length > 0) return `there is no variable ${unknown.join(', ')}`;
  const [program = '', ...words] = line.split(/\s+/);
  if (program === '' || CHECKED_ELSEWHERE.includes(program)) return undefined;
  if (program === 'npm') return npmFault(words);
  if (program === 'npx') return commandsOfPackage.includes(words[0] ?? '') ? undefined : 'no such command';
  if (program === 'curl') return curlFault(line);
  return `what ${program} does is not checked`;
}

function npmFault([verb = '', ...words]: readonly string[]): string | undefined {
  const script = verb === 'run' ? (words[0] ?? '') : verb;
  if (verb === 'ci') return undefined;
  if (verb === 'install') {
    const missing = words
      .map((name) => name.replace(/(.)@[\d^~.]+$/, '$1'))
      .filter((name) => !name.startsWith('-') && !locked.includes(`node_modules/${name}`));
    return missing.length === 0 ? undefined : `${missing.join(', ')} is not installed here`;
  }
  return scripts.includes(script) ? undefined : `there is no script ${script}`;
}

function curlFault(line: string): string | undefined {
  const [, path = ''] = /localhost:\d+(\/\w+)/.exec(line) ?? [];
  if (!ROUTES.includes(path)) return `there is no route ${path}`;
  const [, body] = /-d '([^']*)'/.exec(line) ?? [];
  if (body === undefined) return undefined;
  const query: unknown = Reflect.get(Object(JSON.parse(body)), 'query');
  return validate(schema, parse(String(query)))[0]?.message;
}

describe('the commands of the docs', () => {
  const commands = pages.flatMap((page) =>
    commandsOf(textOf(page)).map((command) => [page, command] as const),
  );

  it('are there', () => {
    expect(commands.length).toBeGreaterThan(20);
  });

  it.each(commands)('name only what there is: %s: %s', (_page, command) => {
    expect(faultOf(command)).toBeUndefined();
  });

  it.each([
    ['npm run advize', 'there is no script advize'],
    ['CACHE_PRT=1 npm start', 'there is no variable CACHE_PRT'],
    ['npm install left-padding', 'left-padding is not installed here'],
    ['npx corral-mysql', 'no such command'],
    ['curl localhost:4000/graphql -d \'{"query":"{ film }"}\'', 'Cannot query field "film" on type "Query".'],
    ['curl localhost:4000/graph', 'there is no route /graph'],
    ['rm -rf .', 'what rm does is not checked'],
  ])('would find what is wrong with: %s', (command, fault) => {
    expect(faultOf(command)).toContain(fault);
  });
});
