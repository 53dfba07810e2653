import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Folders of Lua scripts, one operation a file. */
const folders = ['src/cache/redis/journal/lua', 'src/cache/redis/store/lua'];

/**
 * For each folder of Lua scripts the module that carries their texts: where it stands, and what must stand in it. The engine
 * imports that module instead of reading files, so that it runs in a bundle and in `dist` too.
 */
export function luaModules(root) {
  return folders.map((folder) => {
    const scripts = readdirSync(path.join(root, folder))
      .filter((name) => name.endsWith('.lua'))
      .sort();
    const entries = scripts.map((name) => {
      const text = readFileSync(path.join(root, folder, name), 'utf8');
      return `  ${propertyOf(path.basename(name, '.lua'))}: \`${escaped(text)}\`,\n`;
    });
    const source = `// Written by \`npm run generate\` from the .lua files beside it. Change those, not this.

/** The texts of the scripts in this folder, by the names of their files. */
export const luaTexts = {
${entries.join('')}};
`;
    return { file: path.join(folder, 'texts.ts'), source };
  });
}

/** Writes what is not up to date, and returns the files that it wrote. */
export function writeLuaModules(root) {
  const outdated = luaModules(root).filter(
    ({ file, source }) => readIfThere(path.join(root, file)) !== source,
  );
  for (const { file, source } of outdated) writeFileSync(path.join(root, file), source);
  return outdated.map(({ file }) => file);
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function propertyOf(name) {
  return /^\w+$/.test(name) ? name : `'${name}'`;
}

/** As it must stand in a template literal. */
function escaped(text) {
  return text.replaceAll('\r\n', '\n').replace(/[\\`]|\$(?=\{)/g, '\\$&');
}
