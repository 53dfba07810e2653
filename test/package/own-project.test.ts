import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { packageRoot } from '../../src/start/package-root.js';
import { schemaDrift } from '../../scripts/schema-drift.js';
import { freePort } from '../support/free-port.js';
import { needsBinary, needsPostgres, needsRedis } from '../support/needs.js';
import { privatePostgres } from '../support/private-postgres.js';
import { privateRedis } from '../support/private-redis.js';
import { findBinary } from '../support/run/find-binary.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { linkPackages } from './own-packages.js';
import { packedProject, toolOf } from './packed-project.js';
import { pageSteps } from './page-steps.js';

const run = promisify(execFile);
const page = path.join(packageRoot, 'docs', 'your-own-project.md');
const example = path.join(packageRoot, 'examples', 'shop');
const { files, commands, atEnd } = pageSteps(page);
/** Has npm install what the page names, from its registry, with the packed engine. */
const isLong = process.env['ATTACKS'] === 'long';

describe('Corral in your own project', () => {
  it('has the files of examples/shop, each as it is there', () => {
    const there = readdirSync(example, { recursive: true, encoding: 'utf8' }).filter(
      (name) => statSync(path.join(example, name)).isFile() && name !== 'README.md',
    );
    const texts = there.map((name) => [name, readFileSync(path.join(example, name), 'utf8')]);
    expect(Object.fromEntries(texts)).toEqual(files);
  });

  it('shows each pattern at work', () => {
    const patterns = ['CACHE_ASIDE', 'READ_THROUGH', 'PREFETCH', 'WRITE_THROUGH', 'HYBRID', 'WRITE_BEHIND'];
    for (const pattern of patterns) expect(files['schema.graphql']).toContain(`pattern: ${pattern}`);
    expect(commands.length).toBeGreaterThan(10);
  });

  it.skipIf(
    !needsPostgres() ||
      !needsRedis() ||
      !needsBinary('psql', 'postgresql-client') ||
      !needsBinary('curl', 'curl'),
  )(
    'does what the page says, from an empty folder',
    async () => {
      const [folder, postgres, redis, port] = await Promise.all([
        temporaryFolder(),
        privatePostgres(),
        privateRedis(),
        freePort(),
      ]);
      onTestFinished(async () => {
        await Promise.all([postgres.stop(), redis.stop()]);
      });
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        writeFileSync(path.join(folder, name), text);
      }
      const places = { 'localhost:4000': `localhost:${port}`, ...(await addresses(postgres, redis)) };
      const here = (text: string): string =>
        Object.entries(places).reduce((changed, [shown, real]) => changed.replaceAll(shown, real), text);
      const options = { cwd: folder, env: environment(port) };

      let server: Server | undefined;
      for (const { command, kind, shell, shown } of commands) {
        const script = here(`set -e\n${shell}${kind === 'server' ? 'exec ' : ''}`);
        if (kind === 'server') {
          server = await startServer(script + command, options);
          expect(server.said()).toEqual(shown.map((line) => here(String(line))));
          continue;
        }
        const attempt = async (): Promise<void> => {
          const { stdout } = await run('bash', ['-c', script + here(withPackages(command, folder))], options);
          if (shown.length > 0) expect(asShown(stdout, shown), command).toMatchObject(shown);
        };
        // What another program has written is not waited for by anything but time.
        await (kind === 'soon' ? vi.waitFor(attempt, { timeout: 10_000, interval: 20 }) : attempt());
      }
      if (isLong) await checkLong(folder);

      if (server === undefined) throw new Error('The page starts no server.');
      const said = [...server.said(), ...atEnd];
      expect(await server.interrupt()).toEqual({ code: 0, said });
    },
    isLong ? 300_000 : 240_000,
  );
});

interface Server {
  /** All lines that it has printed, by both channels. */
  said(): string[];
  /** Ends it as Ctrl-C does. */
  interrupt(): Promise<{ code: unknown; said: string[] }>;
}

/** Starts a program that goes on to run, and resolves once it has printed something. */
async function startServer(
  script: string,
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Server> {
  const child = spawn('bash', ['-c', script], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  const hear = (chunk: Buffer): void => void (printed += chunk.toString());
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  await vi.waitFor(() => expect(printed).not.toBe(''), 60_000);
  const said = (): string[] => printed.trimEnd().split('\n');
  const interrupt = async (): Promise<{ code: unknown; said: string[] }> => {
    child.kill('SIGINT');
    const [code] = await closed;
    return { code, said: said() };
  };
  return { said, interrupt };
}

/** What the page calls them, and where they are. */
async function addresses(
  postgres: { createDatabase(): Promise<string> },
  redis: { readonly url: string },
): Promise<Record<string, string>> {
  return {
    'postgresql://postgres:postgres@localhost:5432/shop': await postgres.createDatabase(),
    'redis://localhost:6379': redis.url,
  };
}

function environment(port: number): NodeJS.ProcessEnv {
  const psql = path.dirname(findBinary('psql') ?? '');
  return {
    PATH: `${process.env['PATH']}:${psql}`,
    HOME: process.env['HOME'],
    PORT: `${port}`,
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    // To generate its client Prisma runs no engine of its own; without a name of one it downloads it first.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: '1',
  };
}

/** In the short form the packages that `npm install` names are linked; in the long one npm installs them. */
function withPackages(command: string, folder: string): string {
  if (!command.includes('npm install')) return command;
  if (isLong) {
    const packed = packedProject('graphql@16');
    onTestFinished(() => packed.remove());
    return command.replace('install graphql-corral', `install ${packed.tarball}`);
  }
  const lines = command.split('\n');
  const named = lines
    .filter((line) => line.startsWith('npm install '))
    .flatMap((line) => line.split(' ').slice(2))
    .filter((name) => !name.startsWith('--'))
    .map((name) => name.replace(/(?<=.)@[\d.]+$/, ''));
  linkPackages(folder, named);
  return lines.filter((line) => !line.startsWith('npm install ')).join('\n');
}

function asShown(stdout: string, shown: readonly unknown[]): unknown[] {
  const lines = stdout.trimEnd().split('\n');
  return typeof shown[0] === 'string' ? lines : lines.map((line): unknown => JSON.parse(line));
}

/** What takes too long for each run: types, and whether the SQL of the page is Prisma's. */
async function checkLong(folder: string): Promise<void> {
  const strict = ['--strict', '--noEmit', '--skipLibCheck', '--exactOptionalPropertyTypes'];
  const modern = [
    '--noUncheckedIndexedAccess',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--types',
    'node',
  ];
  await run(process.execPath, [toolOf('typescript', 'bin/tsc'), ...strict, ...modern, 'server.ts'], {
    cwd: folder,
  });
  const drift = await schemaDrift({
    schema: path.join(folder, 'prisma', 'schema.prisma'),
    migrations: path.join(folder, 'prisma', 'migrations'),
  });
  expect(drift).toBeUndefined();
}
