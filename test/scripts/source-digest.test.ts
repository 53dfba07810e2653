import { rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourceDigest } from '../../scripts/source-digest.mjs';
import { temporaryFolder } from '../support/temporary-folder.js';

const project = { 'package.json': '{}', 'src/a.ts': 'a', 'src/b.ts': 'b', 'src/generated/client.ts': 'old' };

describe('the digest of the sources', () => {
  it('stays when only times or generated files change', async () => {
    const root = await temporaryFolder(project);
    const before = sourceDigest(root);
    await utimes(path.join(root, 'src/a.ts'), 0, 0);
    await writeFile(path.join(root, 'src/generated/client.ts'), 'new');
    expect(sourceDigest(root)).toBe(before);
  });

  it('changes with the text of a file, and when one is added or deleted', async () => {
    const root = await temporaryFolder(project);
    const digests = [sourceDigest(root)];
    await writeFile(path.join(root, 'src/a.ts'), 'changed');
    digests.push(sourceDigest(root));
    await writeFile(path.join(root, 'codegen.yml'), '');
    digests.push(sourceDigest(root));
    await rm(path.join(root, 'src/b.ts'));
    digests.push(sourceDigest(root));
    expect(new Set(digests).size).toBe(4);
  });
});
