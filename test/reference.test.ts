import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSchema, isEnumType, isInputObjectType, type GraphQLArgument } from 'graphql';
import fastify from 'fastify';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { apiErrorCodes } from '../src/api-errors/api-error.js';
import { cacheTypeDefs, createCache, errorCodes, memoryStore } from '../src/cache/index.js';
import { allPages } from './support/pages.js';
import { variables } from '../src/variables.js';
import { readConfig, variableNames } from '../src/config.js';
import { addMetricsRoute } from '../src/http/metrics-route.js';

const root = resolve(import.meta.dirname, '..');
const engine = join(root, 'src', 'cache');

/** The rows of the tables of a page below one heading, cell by cell; pipes within a cell are escaped. */
function rowsUnder(page: string, heading?: string): string[][] {
  const text = readFileSync(join(root, 'docs', 'reference', `${page}.md`), 'utf8');
  const [, after] = heading === undefined ? ['', text] : text.split(`\n${heading}\n`);
  if (after === undefined) throw new Error(`${page}.md has no heading ${heading ?? ''}`);
  const section = heading === undefined ? after : (after.split(/\n#+ /)[0] ?? '');
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([first = '']) => !first.startsWith('---'));
}

/** What stands in the first cell of a row as code, without the arguments of a function. */
function namesUnder(page: string, heading?: string, column = 0): string[] {
  return rowsUnder(page, heading).flatMap((row) => {
    const [, name] = /^(?:outcome )?`([A-Za-z_]+)(?:\(.*\))?`$/.exec(row[column] ?? '') ?? [];
    return name === undefined ? [] : [name];
  });
}

interface Member {
  readonly name: string;
  readonly comment: string;
}

/** The interfaces that the engine exports, with their own members; a file that moves is found again. */
const interfaces = new Map<string, Member[]>();
/** The words of the types that are lists of words. */
const words = new Map<string, string[]>();
for (const entry of readdirSync(engine, { recursive: true, withFileTypes: true })) {
  if (!entry.name.endsWith('.ts') || entry.parentPath.includes('dist')) continue;
  const file = join(entry.parentPath, entry.name);
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  source.forEachChild((node) => {
    if (ts.isInterfaceDeclaration(node)) {
      const members = node.members.flatMap((member) =>
        member.name !== undefined && ts.isIdentifier(member.name)
          ? [{ name: member.name.text, comment: member.getFullText() }]
          : [],
      );
      interfaces.set(node.name.text, members);
    }
    if (ts.isTypeAliasDeclaration(node) && ts.isUnionTypeNode(node.type)) {
      const list = node.type.types.flatMap((type) =>
        ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal) ? [type.literal.text] : [],
      );
      words.set(`${node.name.text} in ${entry.name}`, list);
    }
  });
}

function membersOf(...names: string[]): string[] {
  return names.flatMap((name) => {
    const members = interfaces.get(name);
    if (members === undefined) throw new Error(`there is no interface ${name} any more; change this test`);
    return members.map((member) => member.name);
  });
}

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();

describe('the reference', () => {
  describe('of directives', () => {
    const schema = buildSchema(`${cacheTypeDefs} type Query { a: Int }`);
    const shown = ({ type, defaultValue }: GraphQLArgument): string => {
      if (type.toString().endsWith('!') && defaultValue === undefined) return 'none; it must be given';
      if (defaultValue === undefined) return 'anything: it is worked out';
      return `\`${Array.isArray(defaultValue) ? JSON.stringify(defaultValue) : String(defaultValue)}\``;
    };

    it.each(['cached', 'invalidates'])('has every argument of @%s with its default', (name) => {
      const known = schema.getDirective(name)?.args.map((argument) => [argument.name, shown(argument)]);
      const rows = rowsUnder('directives', `## \`@${name}\``).slice(1);
      const written = rows.map(([argument = '', , defaultValue = '']) => [
        argument.replaceAll('`', ''),
        known?.find(([each]) => each === argument.replaceAll('`', ''))?.[1]?.startsWith('anything') === true
          ? 'anything: it is worked out'
          : defaultValue,
      ]);
      expect(written).toEqual(known);
    });

    it.each(['CachePattern', 'CacheScope'])('has every value of %s', (name) => {
      const type = schema.getType(name);
      const known = isEnumType(type) ? type.getValues().map((value) => value.name) : [];
      expect(sorted(namesUnder('directives', `### \`${name}\``))).toEqual(sorted(known));
    });

    it('leaves out no type of the SDL', () => {
      const types = Object.values(schema.getTypeMap()).filter(
        (type) => (isEnumType(type) || isInputObjectType(type)) && !type.name.startsWith('__'),
      );
      expect(sorted(types.map(({ name }) => name))).toEqual(['CachePattern', 'CacheScope']);
    });
  });

  const options: readonly [heading: string, interfaces: readonly string[]][] = [
    ['createCache', ['CacheOptions']],
    ['loads', ['LoadBounds']],
    ['localCopies', ['Bounds']],
    ['memo', ['MemoOptions']],
    ['http', ['HttpOptions']],
    ['http.tags', ['TagHeaderOptions']],
    ['prefetch', ['PrefetchBounds']],
    ['shadow', ['ShadowOptions']],
    ['record', ['RecordOptions']],
    ['memoryStore', ['Bounds', 'MemoryStoreOptions']],
    ['redisStore', ['RedisStoreOptions']],
    ['memoryJournal', ['MemoryJournalOptions']],
    ['redisJournal', ['RedisJournalOptions']],
    ['postgresOutbox', ['PostgresOutboxOptions']],
    ['readReplicas', ['ReadReplicasOptions']],
    ['tables', ['TableMapping']],
    ['outboxSql', ['OutboxSqlOptions']],
    ['flushInto', ['FlushIntoOptions']],
    ['cache.fetch', ['FetchOptions']],
    ['relay', ['RelayingOptions']],
    ['probe', ['ProbeOptions']],
    ['cache.apolloPlugin', ['EvidenceOptions']],
    ['plugin.answerInFrontOf', ['InFrontOptions']],
    ['nodeHandler', ['NodeHandlerOptions']],
    ['fastifyHandler', ['FastifyHandlerOptions']],
    ['cachePlugin', ['EvidenceOptions']],
    ['addCacheSpans', ['CacheSpansOptions']],
    ['storeContract', ['StoreContractOptions']],
    ['journalContract', ['JournalContractOptions']],
    ['memoryOutbox', ['MemoryOutboxOptions']],
  ];

  it.each(options)('has every option of %s, and no other', (heading, from) => {
    expect(sorted(namesUnder('options', `## \`${heading}\``))).toEqual(sorted(membersOf(...from)));
  });

  it('has every section of options under test', () => {
    const page = readFileSync(join(root, 'docs', 'reference', 'options.md'), 'utf8');
    const headings = Array.from(page.matchAll(/^## `(.*)`$/gm), ([, heading]) => heading);
    expect(headings).toEqual(options.map(([heading]) => heading));
  });

  it.each(options)('has the default numbers of %s that its comments name', (heading, from) => {
    const rows = new Map(
      rowsUnder('options', `## \`${heading}\``).map((row) => [row[0]?.replaceAll('`', ''), row]),
    );
    const comments = from.flatMap((name) => interfaces.get(name) ?? []);
    const wrong = comments.flatMap(({ name, comment }) => {
      const [, number] = /[Dd]efault:? (\d(?:[\d,]*\d)?)/.exec(comment) ?? [];
      return number === undefined || rows.get(name)?.[2]?.includes(number) === true
        ? []
        : [`${name}: ${number}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each(['Cache', 'CacheWrites', 'CacheStats', 'CacheTools', 'CacheWarm', 'Origin', 'Outbox', 'ValueType'])(
    'has every member of %s, and no other',
    (name) => {
      expect(sorted(namesUnder('cache', `## \`${name}\``))).toEqual(sorted(membersOf(name)));
    },
  );

  it('has every variable of the environment, with what it must be and its default', () => {
    const rows = rowsUnder('environment').slice(1);
    const names = rows.map(([name = '']) => name.replaceAll('`', ''));
    expect(sorted(names)).toEqual(sorted(variableNames));
    const defaults = rows.flatMap(([name = '', , value = '']) => {
      const [, text] = /^`(.*)`$/.exec(value) ?? [];
      return text === undefined || variableNames.includes(text)
        ? []
        : [[name.replaceAll('`', ''), text] as const];
    });
    expect(readConfig(Object.fromEntries(defaults))).toEqual(readConfig({}));
    const said = rows.map(([name = '', , unset = '', meaning = '']) =>
      [name, unset, meaning].map((text) => text.replaceAll('`', '')),
    );
    expect(said).toEqual(
      Object.entries(variables).map(([name, { unset, meaning }]) => [name, unset, meaning]),
    );
    const wrong = rows.flatMap(([name = '', mustBe = '']) => {
      if (!/^(a whole number|one of|a number)/.test(mustBe)) return [];
      const variable = name.replaceAll('`', '');
      try {
        readConfig({ [variable]: '#' });
      } catch (error) {
        if (String(error).includes(`${variable} must be ${mustBe}, but is "#".`)) return [];
        return [String(error)];
      }
      return [`${variable} takes anything`];
    });
    expect(wrong).toEqual([]);
  });

  it('has every series of /metrics, and every counter of a field', async () => {
    const cache = createCache({ store: memoryStore() });
    const app = fastify();
    const nothing = { refused: () => 0 };
    addMetricsRoute(app, {
      cache,
      services: { attempts: { refused: () => ({ account: 0, address: 0 }) }, hashing: nothing },
    });
    const { body } = await app.inject({ url: '/metrics' });
    await app.close();
    await cache.close();
    const known = Array.from(body.matchAll(/^# TYPE ((?:cache|sign_in)_\w+)/gm), ([, name = '']) => name);
    const rows = namesUnder('metrics').filter((name) => /^(cache|sign_in)_/.test(name));
    expect(sorted(rows)).toEqual(sorted(known));
    const fields = namesUnder('metrics', '## Reads and writes of fields', 1);
    expect(sorted(fields)).toEqual(sorted(membersOf('FieldCounters')));
  });

  it('has every outcome and every part of the evidence', () => {
    const known = words.get('Outcome in trace.ts') ?? [];
    expect(known.length).toBeGreaterThan(5);
    expect(sorted(namesUnder('evidence', '## Outcomes'))).toEqual(sorted(known));
    expect(sorted(namesUnder('evidence', '## Of one field'))).toEqual(sorted(membersOf('TraceRecord')));
    const trace = readFileSync(join(engine, 'metrics', 'trace.ts'), 'utf8');
    const summary = namesUnder('evidence', '## The summary');
    const [, known2 = ''] = /readonly summary: \{([^}]*)\}/.exec(trace) ?? [];
    const parts = Array.from(known2.matchAll(/readonly (\w+):/g), ([, name = '']) => name);
    expect(sorted(summary)).toEqual(sorted(parts));
    expect(sorted(words.get('Consistency in acknowledgement.ts') ?? [])).toEqual(['bounded', 'strict']);
    const bounds = words.get('BoundedBy in bounded-writes.ts') ?? [];
    expect(sorted(bounds)).toEqual(['database', 'regions', 'store']);
  });

  it('has every code of the API, and no other', () => {
    expect(sorted(namesUnder('errors', '## Of the API'))).toEqual(sorted(apiErrorCodes));
    expect(sorted(namesUnder('errors', '## Of the library'))).toEqual(sorted(Object.keys(errorCodes)));
  });

  it('has every code that the engine puts into an answer', () => {
    const sources = readdirSync(engine, { recursive: true, withFileTypes: true })
      .filter(({ name }) => name.endsWith('.ts'))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    const known = sources.flatMap((source) =>
      Array.from(source.matchAll(/extensions(?::| =) \{ code: '([A-Z_]+)'/g), ([, code = '']) => code),
    );
    const forClients = namesUnder('errors', '## For clients');
    expect(known.filter((code) => !forClients.includes(code))).toEqual([]);
  });
});

describe('the links of the docs', () => {
  // Its links lead to what is copied beside it when it is packed.
  const pages = allPages.filter((page) => page !== join('src', 'cache', 'README.md'));
  const anchorsOf = (text: string): string[] =>
    Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    );

  it.each(pages)('of %s lead to files and headings that exist', (page) => {
    const text = readFileSync(join(root, page), 'utf8').replace(/^```[^]*?^```/gm, '');
    const links = Array.from(text.matchAll(/(?:\]\(|^\[\w+\]: )([^)\s]+)/gm), ([, link = '']) => link);
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? join(root, page) : resolve(root, page, '..', path);
      try {
        const target = file.endsWith('.md') ? readFileSync(file, 'utf8') : (readFileOrFolder(file), '');
        return anchor !== undefined && !anchorsOf(target).includes(anchor);
      } catch {
        return true;
      }
    });
    expect(broken).toEqual([]);
  });
});

function readFileOrFolder(path: string): void {
  try {
    readFileSync(path);
  } catch {
    readdirSync(path);
  }
}
