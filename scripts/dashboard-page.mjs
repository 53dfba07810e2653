import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';

const folder = 'src/cache/dashboard/page';
const made = 'src/cache/dashboard/page-files.ts';
/** What the script carries of others; their licences ask for their notices. */
const carried = ['uplot', 'preact', 'eventsource', 'eventsource-parser'];

/** The module that carries the files of the page, so that the engine reads none at run time. */
export function dashboardModule(root) {
  const textOf = (...names) => readFileSync(path.join(root, ...names), 'utf8');
  const bundled = (entry) => {
    const { outputFiles } = buildSync({
      entryPoints: [path.join(root, entry)],
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      legalComments: 'none',
      tsconfig: path.join(root, folder, 'tsconfig.json'),
      logLevel: 'warning',
    });
    return outputFiles[0].text;
  };
  const notices = carried.map((name) => `${name}:\n${textOf('node_modules', name, 'LICENSE').trim()}`);
  const files = {
    html: textOf(folder, 'index.html'),
    script: `/*\n${notices.join('\n\n').replaceAll('*/', '* /')}\n*/\n${bundled(`${folder}/main.tsx`)}`,
    style: bundled(`${folder}/style.css`),
    icon: textOf(folder, 'icon.svg'),
  };
  return `// Written by \`npm run generate\` from the files in page/. Change those, not this.

/** The files of the page, as browsers get them. */
export const pageFiles = ${JSON.stringify(files, null, 2)} as const;
`;
}

/** Writes it where it is not up to date; true where it was not. */
export function writeDashboardModule(root) {
  const file = path.join(root, made);
  const source = dashboardModule(root);
  if (existsSync(file) && readFileSync(file, 'utf8') === source) return false;
  writeFileSync(file, source);
  return true;
}
