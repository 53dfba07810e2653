import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';

const BEGIN = '<!-- begin: figures of npm run bench:peers -->';
const END = '<!-- end: figures of npm run bench:peers -->';

/** Where the figures are published. */
export const pageFile = path.join(import.meta.dirname, '..', '..', '..', 'docs', 'peers.md');

/** The page with these figures instead of those that it had. @throws Error where its marks are not there once each, in order. */
export function filled(page: string, figures: string): string {
  const [before, middle, ...more] = page.split(BEGIN);
  const [, after, ...rest] = middle?.split(END) ?? [];
  if (after === undefined || more.length > 0 || rest.length > 0)
    throw new Error(`the page must have one ${BEGIN} and one ${END} behind it`);
  return `${before}${BEGIN}\n\n${figures.trim()}\n\n${END}${after}`;
}

/** Writes the figures into the page, in the form of the repository. */
export async function writePage(figures: string): Promise<void> {
  const page = filled(await readFile(pageFile, 'utf8'), figures);
  const form = await resolveConfig(pageFile);
  await writeFile(pageFile, await format(page, { ...form, parser: 'markdown' }));
}
