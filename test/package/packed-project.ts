import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/start/package-root.js';

const isLong = process.env['ATTACKS'] === 'long';

/** A project in an empty folder that has installed the packed engine with npm, and has nothing of this repository. */
export interface PackedProject {
  readonly folder: string;
  /** The package as it would be published. */
  readonly tarball: string;
  /** Paths of the files in it. */
  readonly files: readonly string[];
  /** Names of all packages that npm has installed, the engine among them. */
  installed(): readonly string[];
  /** Installs these too, such as `ioredis@5`, with npm. */
  install(...packages: string[]): void;
  write(name: string, text: string): void;
  /** Makes a package of this repository one of the project, as if it were installed. */
  link(name: string): void;
  /** Runs Node in the folder, and returns what it prints. @throws Error with its output when it fails. */
  node(...parameters: string[]): string;
  remove(): void;
}

/** Packs the engine, which builds it, and installs it beside `peers`, such as `graphql@16`. Needs the registry of npm. */
export function packedProject(...peers: string[]): PackedProject {
  const folder = mkdtempSync(path.join(tmpdir(), 'corral-package-'));
  const run = (command: string, parameters: readonly string[], cwd: string): string => {
    const { status, stdout, stderr } = spawnSync(command, parameters, { cwd, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} failed:\n${stdout}${stderr}`);
    return stdout;
  };
  const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);

  const pack = ['pack', '-w', 'graphql-corral', '--json', '--pack-destination', folder];
  // What npm runs before it packs compiles twice as fast where `npm test` has checked the types.
  if (!isLong) run(process.execPath, ['scripts/build-package.mjs', '--unchecked'], packageRoot);
  const packed = run('npm', isLong ? pack : [...pack, '--ignore-scripts'], packageRoot);
  const tarball = path.join(folder, /"filename": "([^"]+)"/.exec(packed)?.[1] ?? '');
  write('package.json', JSON.stringify({ name: 'project', private: true, type: 'module' }));
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  const install = (...packages: string[]): void =>
    void run('npm', ['install', ...quietly, ...packages], folder);
  install(tarball, ...peers);

  return {
    folder,
    tarball,
    files: run('tar', ['-tzf', tarball], folder)
      .trim()
      .split('\n')
      .map((name) => name.replace(/^package\//, '')),
    installed: () => {
      const lock = readFileSync(path.join(folder, 'node_modules', '.package-lock.json'), 'utf8');
      return Array.from(
        lock.matchAll(/^ {4}"(?:.*\/)?node_modules\/(.+)": \{$/gm),
        ([, name = '']) => name,
      ).sort();
    },
    install,
    write,
    link: (name) => {
      const target = path.join(folder, 'node_modules', name);
      mkdirSync(path.dirname(target), { recursive: true });
      symlinkSync(path.join(packageRoot, 'node_modules', name), target);
    },
    node: (...parameters) => run(process.execPath, parameters, folder),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A file of a package of this repository, such as the compiler's command. */
export function toolOf(name: string, file: string): string {
  return path.join(packageRoot, 'node_modules', name, file);
}
