import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';

/** A page of the documentation that a command writes its figures into. */
export interface PublishedPage {
  readonly file: string;
  /** What comes after `npm run`; the marks on the page name it. */
  readonly command: string;
}

/** Where pages and their pictures are. */
export const docsFolder = path.join(import.meta.dirname, '..', '..', '..', 'docs');

/** The page with these figures instead of those that it had. @throws Error where its marks are not there once each, in order. */
export function filled(page: string, figures: string, command: string): string {
  const begin = `<!-- begin: figures of npm run ${command} -->`;
  const end = `<!-- end: figures of npm run ${command} -->`;
  const [before, middle, ...more] = page.split(begin);
  const [, after, ...rest] = middle?.split(end) ?? [];
  if (after === undefined || more.length > 0 || rest.length > 0)
    throw new Error(`the page must have one ${begin} and one ${end} behind it`);
  return `${before}${begin}\n\n${figures.trim()}\n\n${end}${after}`;
}

/** Writes the figures into the page, in the form of the repository. */
export async function writePage({ file, command }: PublishedPage, figures: string): Promise<void> {
  const page = filled(await readFile(file, 'utf8'), figures, command);
  const form = await resolveConfig(file);
  await writeFile(file, await format(page, { ...form, parser: 'markdown' }));
}
