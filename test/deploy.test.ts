import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig, variableNames } from '../src/config.js';

/** The files for containers, checked as far as a machine without an engine for containers can. */
const root = resolve(import.meta.dirname, '..');
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const dockerfile = textOf('Dockerfile');

function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, key) => (typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined),
    value,
  );
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const record = (value: unknown): Readonly<Record<string, unknown>> => ({
  ...(typeof value === 'object' ? value : {}),
});

/** A file below dist is one that the compiler makes of a source. */
function isMade(file: string): boolean {
  const source = file.replace(/^dist\//, '').replace(/\.js$/, '.ts');
  return existsSync(join(root, file.startsWith('dist/') ? source : file));
}

function programOf(command: unknown): string | undefined {
  const [program, ...rest] = list(command).map(String);
  return program === 'node' ? rest.find((word) => !word.startsWith('-')) : undefined;
}

/** Faults that the API itself finds in variables, with a value where a secret would stand. */
function settings(given: Readonly<Record<string, unknown>>): unknown {
  const unknown = Object.keys(given).filter((name) => !variableNames.includes(name));
  expect(unknown).toEqual([]);
  return readConfig(Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)])));
}

describe('the Dockerfile', () => {
  it('copies files that exist, or that the build makes', () => {
    const copied = Array.from(
      dockerfile.matchAll(/^COPY --from=\S+ \/app\/(\S+)/gm),
      ([, file = '']) => file,
    );
    expect(copied.length).toBeGreaterThan(3);
    const made = ['dist', 'node_modules'];
    expect(copied.filter((file) => !made.includes(file) && !existsSync(join(root, file)))).toEqual([]);
  });

  it('copies every folder that the program reads', () => {
    const sources = [
      'src/schema/read-type-defs.ts',
      'src/database/read-migrations.ts',
      'src/start/command-line.ts',
    ];
    const read = sources.flatMap((file) =>
      Array.from(textOf(file).matchAll(/packageRoot, ((?:'[^']+'(?:, )?)+)/g), ([, words = '']) =>
        words.replaceAll("'", '').replaceAll(', ', '/'),
      ),
    );
    expect(read).toEqual(['schema', 'prisma/migrations', 'package.json']);
    expect(read.filter((file) => !dockerfile.includes(`/app/${file} `))).toEqual([]);
  });

  it('starts a program that the build makes, by scripts that exist', () => {
    const [, command = ''] = /^CMD (.*)$/m.exec(dockerfile) ?? [];
    expect(isMade(programOf(JSON.parse(command)) ?? '')).toBe(true);
    const scripts = record(at(JSON.parse(textOf('package.json')), 'scripts'));
    const run = Array.from(dockerfile.matchAll(/npm run (\S+)/g), ([, name = '']) => name);
    expect(run.filter((name) => !(name in scripts))).toEqual([]);
    expect(run).toContain('build');
  });

  it('has every stage that is named', () => {
    const stages = Array.from(dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm), ([, name = '']) => name);
    const named = Array.from(dockerfile.matchAll(/--from=(\S+)/g), ([, name = '']) => name);
    const targets = Object.values(record(at(parse(textOf('compose.yaml'), { merge: true }), 'services')))
      .map((service) => at(service, 'build', 'target'))
      .filter((target) => target !== undefined);
    expect([...named, ...targets].filter((name) => !stages.includes(String(name)))).toEqual([]);
    expect(targets).toHaveLength(2);
  });

  it('has a Node.js that the package supports', () => {
    const versions = Array.from(dockerfile.matchAll(/^FROM node:(\d+)/gm), ([, version = '']) =>
      Number(version),
    );
    expect(versions.length).toBeGreaterThan(0);
    expect(versions.filter((version) => version < 20)).toEqual([]);
  });
});

describe('compose.yaml', () => {
  const file: unknown = parse(textOf('compose.yaml'), { merge: true });
  const services = record(at(file, 'services'));
  const apis = Object.entries(services).filter(([, service]) => at(service, 'build') !== undefined);

  it.each(apis)('gives %s settings that the API takes, and hosts that are services', (_name, service) => {
    const config = settings(record(at(service, 'environment')));
    const hosts = [at(config, 'databaseUrl'), at(config, 'redisUrl')].map(
      (url) => new URL(String(url)).hostname,
    );
    expect(hosts.filter((host) => !(host in services))).toEqual([]);
    expect(Object.keys(record(at(service, 'depends_on'))).sort()).toEqual(hosts.sort());
    expect(isMade(programOf(at(service, 'command')) ?? '')).toBe(true);
  });

  it('gives PostgreSQL the user, the password and the database that the API is told', () => {
    const url = new URL(String(at(apis, 0, 1, 'environment', 'DATABASE_URL')));
    expect(record(at(services, 'postgres', 'environment'))).toEqual({
      POSTGRES_USER: url.username,
      POSTGRES_PASSWORD: url.password,
      POSTGRES_DB: url.pathname.slice(1),
    });
  });

  it('starts a Redis that keeps what the journal is declared to keep', () => {
    const words = list(at(services, 'redis', 'command')).map(String);
    const setting = (name: string): string | undefined => words[words.indexOf(`--${name}`) + 1];
    expect(setting('maxmemory-policy')).toBe('noeviction');
    expect(setting('appendonly')).toBe('yes');
    expect(at(apis, 0, 1, 'environment', 'JOURNAL_DURABILITY')).toBe('everysec');
  });

  it('names volumes that it has', () => {
    const used = Object.values(services).flatMap((service) =>
      list(at(service, 'volumes')).map((volume) => String(volume).split(':')[0]),
    );
    expect(used.sort()).toEqual(Object.keys(record(at(file, 'volumes'))).sort());
  });

  it('asks for health at an address that the API has', () => {
    const check = list(at(apis, 0, 1, 'healthcheck', 'test')).join(' ');
    expect(check).toContain('http://127.0.0.1:4000/readyz');
    expect(textOf('src/http/health-routes.ts')).toContain("'/readyz'");
  });
});

describe('the example for Kubernetes', () => {
  const documents = parseAllDocuments(textOf('deploy/kubernetes.yaml'));
  const objects = documents.map((document): unknown => document.toJS());
  const pod = at(objects, 0, 'spec', 'template', 'spec');
  const api = at(pod, 'containers', 0);
  const ports = list(at(api, 'ports'));
  const portOf = (name: unknown): unknown =>
    at(
      ports.find((port) => at(port, 'name') === name),
      'containerPort',
    );

  it('is valid YAML, and selects its own pods', () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    const labels = at(objects, 0, 'spec', 'template', 'metadata', 'labels');
    expect(at(objects, 0, 'spec', 'selector', 'matchLabels')).toEqual(labels);
    expect(at(objects, 1, 'spec', 'selector')).toEqual(labels);
    expect(at(objects, 2, 'spec', 'selector', 'matchLabels')).toEqual(labels);
  });

  it('gives the API settings that it takes, on the ports that it names', () => {
    const secrets: Readonly<Record<string, string>> = {
      DATABASE_URL: 'postgresql://films:secret@database/films',
      REDIS_URL: 'rediss://films:secret@cache',
    };
    const given = list(at(api, 'env')).map((variable) => {
      const name = String(at(variable, 'name'));
      return [name, at(variable, 'value') ?? secrets[name]] as const;
    });
    const config = settings(Object.fromEntries(given));
    expect(config).toMatchObject({ port: portOf('http'), metricsPort: portOf('metrics'), host: '0.0.0.0' });
  });

  it('probes addresses that the API has, and restarts nothing because a database is away', () => {
    const routes = textOf('src/http/health-routes.ts');
    const paths = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => {
      expect(portOf(at(api, probe, 'httpGet', 'port'))).toBe(4000);
      return String(at(api, probe, 'httpGet', 'path'));
    });
    expect(paths).toEqual(['/healthz', '/readyz', '/healthz']);
    expect(paths.filter((path) => !routes.includes(`'${path}'`))).toEqual([]);
  });

  it('leaves a process the time that it takes to stop', () => {
    const [, milliseconds = ''] =
      /STOP_WITHIN_MS = ([\d_]+)/.exec(textOf('src/start/stop-on-signals.ts')) ?? [];
    const stopping = Number(milliseconds.replaceAll('_', '')) / 1000;
    const [, pause] = list(at(api, 'lifecycle', 'preStop', 'exec', 'command'));
    expect(stopping).toBeGreaterThan(0);
    expect(Number(at(pod, 'terminationGracePeriodSeconds'))).toBeGreaterThan(Number(pause) + stopping);
    const compose: unknown = parse(textOf('compose.yaml'), { merge: true });
    const grace = String(at(compose, 'services', 'api-1', 'stop_grace_period'));
    expect(Number.parseInt(grace, 10)).toBeGreaterThan(stopping);
  });

  it('starts a program that the build makes', () => {
    expect(isMade(programOf(at(api, 'command')) ?? '')).toBe(true);
  });
});

describe('the workflow', () => {
  const file: unknown = parse(textOf('.github/workflows/ci.yml'));
  const job = at(file, 'jobs', 'ci');

  it('runs what decides on a change, over the versions that are promised', () => {
    expect(list(at(job, 'steps')).map((step) => at(step, 'run'))).toContain('.ci/run');
    expect(existsSync(join(root, '.ci', 'run'))).toBe(true);
    const matrix = list(at(job, 'strategy', 'matrix', 'include'));
    const engines = String(at(JSON.parse(textOf('package.json')), 'engines', 'node'));
    expect(engines).toBe(`>=${String(at(matrix, 0, 'node'))}`);
    expect(matrix.map((row) => String(at(row, 'redis')))).toContain('redis:6.2');
    expect(matrix.map((row) => String(at(row, 'postgresql')))).toContain('14');
  });

  it('uses each version of the matrix', () => {
    const text = textOf('.github/workflows/ci.yml');
    const used = Array.from(text.matchAll(/matrix\.(\w+)/g), ([, name = '']) => name);
    const [row] = list(at(job, 'strategy', 'matrix', 'include'));
    expect([...new Set(used)].sort()).toEqual(Object.keys(record(row)).sort());
  });
});

describe('CONTRIBUTING.md', () => {
  it('names scripts and folders that exist', () => {
    const text = textOf('CONTRIBUTING.md');
    const scripts = record(at(JSON.parse(textOf('package.json')), 'scripts'));
    const named = Array.from(text.matchAll(/`npm run ([\w:]+)/g), ([, name = '']) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    const folders = Array.from(
      text.matchAll(/`((?:src|test|docs|schema)\/[\w/.-]*)`/g),
      ([, path = '']) => path,
    );
    expect(folders.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('stands beside a page on tests whose files exist', () => {
    const named = Array.from(
      textOf('test/README.md').matchAll(/`([\w/.-]+(?:\/|\.ts))`/g),
      ([, path = '']) => path,
    );
    const from = named.filter((path) => !path.startsWith('src/'));
    expect(from.length).toBeGreaterThan(15);
    expect(from.filter((path) => !existsSync(join(root, 'test', path)))).toEqual([]);
  });
});
