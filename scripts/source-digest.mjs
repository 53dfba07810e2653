import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Everything dist is made from. What is generated or packed is left out: it follows from the rest. */
const sources = [
  'src',
  'prisma',
  'schema',
  'scripts/build.mjs',
  'scripts/generate.mjs',
  'scripts/lua-modules.mjs',
  'scripts/dashboard-page.mjs',
  'package.json',
  'codegen.yml',
  'tsconfig.json',
  'tsconfig.build.json',
];
const made = [
  'src/generated',
  'src/cache/redis/journal/lua/texts.ts',
  'src/cache/redis/store/lua/texts.ts',
  'src/cache/dashboard/page-files.ts',
  'src/cache/dist',
  'src/cache/docs',
  'src/cache/CHANGELOG.md',
  'src/cache/LICENSE',
].map(path.normalize);

/**
 * One hash over the names and contents of all sources. Contents and not times: a checkout, a copy or a deleted file
 * changes times in ways that say nothing, or says nothing when it should.
 */
export function sourceDigest(root) {
  const hash = createHash('sha256');
  for (const file of sources.flatMap((source) => filesBelow(root, source)).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** Paths from `root` on; a file stands for itself, and what does not exist for nothing. */
export function filesBelow(root, relative) {
  if (made.includes(relative) || !existsSync(path.join(root, relative))) return [];
  if (statSync(path.join(root, relative)).isFile()) return [relative];
  return readdirSync(path.join(root, relative)).flatMap((name) =>
    filesBelow(root, path.join(relative, name)),
  );
}
