import { readdirSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/start/package-root.js';

/** The pages in docs/ and its folders. */
export const docsPages: readonly string[] = readdirSync(path.join(packageRoot, 'docs'), {
  recursive: true,
  encoding: 'utf8',
})
  .filter((name) => name.endsWith('.md'))
  .map((name) => path.join('docs', name));

/** All pages for people but the changelog, by their paths in the repository. */
export const allPages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  path.join('bench', 'README.md'),
  path.join('test', 'README.md'),
  path.join('src', 'cache', 'README.md'),
  ...docsPages,
];
