import { readFileSync } from 'node:fs';

/** A command of a page, and what the page shows below it. */
export interface PageCommand {
  readonly command: string;
  /** `server`: it goes on to run. `soon`: what it shows is true a moment later. */
  readonly kind: 'once' | 'soon' | 'server';
  /** Lines that stay in the shell, such as variables and functions of earlier blocks. */
  readonly shell: string;
  /** What it prints, by lines: texts, or parts of objects. */
  readonly shown: readonly unknown[];
}

export interface PageSteps {
  /** Texts by path, of blocks that name a file. */
  readonly files: Readonly<Record<string, string>>;
  readonly commands: readonly PageCommand[];
  /** The text below nothing that is run: what the server prints when it ends. */
  readonly atEnd: readonly string[];
}

const BLOCK = /^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm;
const KINDS = ['soon', 'server'] as const;

/** Reads a page whose blocks are files (```ts file=server.ts), commands (```sh) and what these print (```text). */
export function pageSteps(page: string): PageSteps {
  const files: Record<string, string> = {};
  const commands: PageCommand[] = [];
  const atEnd: string[] = [];
  let shell = '';
  let open = false;
  for (const [, language = '', info = '', text = ''] of readFileSync(page, 'utf8').matchAll(BLOCK)) {
    const [, file] = /^file=(\S+)$/.exec(info) ?? [];
    if (file !== undefined) files[file] = text;
    else if (language === 'sh' && info === 'shell') shell += text;
    else if (language === 'sh') {
      const kind = KINDS.find((one) => one === info) ?? 'once';
      commands.push({ command: text, kind, shell, shown: [] });
      open = true;
      continue;
    } else if (language === 'text') {
      const lines = text.trimEnd().split('\n');
      const last = commands.at(-1);
      if (open && last !== undefined) {
        const shown = lines.map((line): unknown => (line.startsWith('{') ? JSON.parse(line) : line));
        commands[commands.length - 1] = { ...last, shown };
      } else atEnd.push(...lines);
    }
    open = false;
  }
  return { files, commands, atEnd };
}
