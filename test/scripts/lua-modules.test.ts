import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { luaModules, writeLuaModules } from '../../scripts/lua-modules.mjs';
import { luaTexts as journalTexts } from '../../src/cache/redis/journal/lua/texts.js';
import { luaTexts as storeTexts } from '../../src/cache/redis/store/lua/texts.js';
import { packageRoot } from '../../src/start/package-root.js';
import { temporaryFolder } from '../support/temporary-folder.js';

function scriptsIn(folder: string): Record<string, string> {
  const names = readdirSync(path.join(packageRoot, folder)).filter((name) => name.endsWith('.lua'));
  const textOf = (name: string): string => readFileSync(path.join(packageRoot, folder, name), 'utf8');
  return Object.fromEntries(names.map((name) => [path.basename(name, '.lua'), textOf(name)]));
}

describe('the texts of the Lua scripts', () => {
  it('are those of the files beside them; if not, npm run generate writes them', () => {
    const stands = luaModules(packageRoot).map(({ file }) => ({
      file,
      source: readFileSync(path.join(packageRoot, file), 'utf8'),
    }));
    expect(stands).toEqual(luaModules(packageRoot));
    expect(storeTexts).toEqual(scriptsIn('src/cache/redis/store/lua'));
    expect(journalTexts).toEqual(scriptsIn('src/cache/redis/journal/lua'));
  });

  it('are written anew when a script has changed, whatever characters it has', async () => {
    const root = await temporaryFolder({
      'src/cache/redis/store/lua/put.lua': 'return 1\n',
      'src/cache/redis/journal/lua/accept.lua': 'return 1\n',
    });
    expect(writeLuaModules(root)).toHaveLength(2);
    expect(writeLuaModules(root)).toEqual([]);
    await writeFile(path.join(root, 'src/cache/redis/store/lua/put.lua'), "return '\\0`${x}$'\r\n");
    expect(writeLuaModules(root)).toEqual([path.join('src', 'cache', 'redis', 'store', 'lua', 'texts.ts')]);
    expect(await readFile(path.join(root, 'src/cache/redis/store/lua/texts.ts'), 'utf8')).toContain(
      "put: `return '\\\\0\\`\\${x}$'\n`,",
    );
  });
});
