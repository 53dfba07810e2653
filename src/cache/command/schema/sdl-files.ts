import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { glob } from 'tinyglobby';
import { CommandFault } from '../command-fault.js';

const EXTENSIONS = '{graphql,graphqls,gql}';

/** One file of SDL. */
export interface SdlFile {
  /** As it is shown: relative to the current folder where it lies below it. */
  readonly name: string;
  readonly text: string;
}

/**
 * The files that are meant by paths: a file, a folder with all SDL below it, or a glob of them; in the order of
 * their names. @throws CommandFault where one of them means nothing.
 */
export async function readSdlFiles(paths: readonly string[]): Promise<readonly SdlFile[]> {
  const found = await Promise.all(paths.map(filesOf));
  const names = [...new Set(found.flat())].sort();
  return Promise.all(
    names.map(async (name) => ({ name: shownName(name), text: await readFile(name, 'utf8') })),
  );
}

async function filesOf(given: string): Promise<readonly string[]> {
  const kind = await kindOf(given);
  if (kind === 'file') return [path.resolve(given)];
  const patterns = kind === 'folder' ? [`**/*.${EXTENSIONS}`] : [given.replaceAll('\\', '/')];
  const cwd = kind === 'folder' ? path.resolve(given) : process.cwd();
  const files = await glob(patterns, { cwd, absolute: true, ignore: ['**/node_modules/**'] });
  if (files.length > 0) return files.map((file) => path.resolve(file));
  throw new CommandFault(
    kind === 'folder'
      ? `${given} has no file that ends in .graphql, .graphqls or .gql.`
      : `There is no file ${given}; name files, folders or globs of SDL, such as schema/*.graphql.`,
  );
}

async function kindOf(given: string): Promise<'file' | 'folder' | 'none'> {
  const there = await stat(given).catch(() => undefined);
  if (there === undefined) return 'none';
  return there.isDirectory() ? 'folder' : 'file';
}

function shownName(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return (relative.startsWith('..') ? file : relative).replaceAll('\\', '/');
}
