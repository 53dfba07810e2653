import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';

const PEERS = 'bench:peers';

/** Between which a page has the figures of a command. */
function marksOf(command: string): readonly [begin: string, end: string] {
  return [`<!-- begin: figures of npm run ${command} -->`, `<!-- end: figures of npm run ${command} -->`];
}

/** Where the figures are published. */
export const pageFile = path.join(import.meta.dirname, '..', '..', '..', 'docs', 'peers.md');

/** The page with these figures instead of those that it had. @throws Error where its marks are not there once each, in order. */
export function filled(page: string, figures: string, command = PEERS): string {
  const [begin, end] = marksOf(command);
  const [before, middle, ...more] = page.split(begin);
  const [, after, ...rest] = middle?.split(end) ?? [];
  if (after === undefined || more.length > 0 || rest.length > 0)
    throw new Error(`the page must have one ${begin} and one ${end} behind it`);
  return `${before}${begin}\n\n${figures.trim()}\n\n${end}${after}`;
}

/** Writes the figures of a command into its page, in the form of the repository. */
export async function writePage(figures: string, file = pageFile, command = PEERS): Promise<void> {
  const page = filled(await readFile(file, 'utf8'), figures, command);
  const form = await resolveConfig(file);
  await writeFile(file, await format(page, { ...form, parser: 'markdown' }));
}
