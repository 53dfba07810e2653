import { Argument, type Command } from 'commander';
import type { Surroundings } from './surroundings.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const examples = `
Examples:
  source <(corral completion bash)
  corral completion zsh > ~/.zfunc/_corral
  corral completion fish > ~/.config/fish/completions/corral.fish`;

/** `corral completion`: a script that completes commands and options. */
export function addCompletion(program: Command, { out }: Surroundings): void {
  program
    .command('completion')
    .description('prints a script that completes the commands and options of corral in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText('after', examples)
    .action((shell: Shell) => out(scripts[shell](wordsOf(program))));
}

/** What can follow: by the words of the command so far, `''` for none. */
type Words = ReadonlyMap<string, readonly string[]>;

function wordsOf(program: Command): Words {
  const found = new Map<string, readonly string[]>();
  const add = (command: Command, path: readonly string[]): void => {
    const options = command.options.flatMap(({ long }) => long ?? []);
    found.set(path.join(' '), [...command.commands.map((one) => one.name()), ...options, '--help']);
    for (const one of command.commands) add(one, [...path, one.name()]);
  };
  add(program, []);
  return found;
}

/** The words that choose a command are those before the first option. */
const scripts: Readonly<Record<Shell, (words: Words) => string>> = {
  bash: (words) => `_corral() {
  local path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
${branches(
  [...words.keys()].filter((path) => path !== ''),
  (path) => `      "${path}") path="${path}" ;;`,
)}
    esac
  done
  case "$path" in
${branches([...words], ([path, next]) => `    "${path}") COMPREPLY=($(compgen -W "${next.join(' ')}" -- "\${COMP_WORDS[COMP_CWORD]}")) ;;`)}
  esac
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o filenames -F _corral corral`,
  zsh: (words) => `#compdef corral
_corral() {
  local at="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${at:+$at }$word" in
${branches(
  [...words.keys()].filter((path) => path !== ''),
  (path) => `      "${path}") at="${path}" ;;`,
)}
    esac
  done
  case "$at" in
${branches([...words], ([path, next]) => `    "${path}") compadd -- ${next.join(' ')} ;;`)}
  esac
  _files
}
compdef _corral corral`,
  fish: (words) =>
    [...words]
      .flatMap(([path, next]) => {
        const own = path.split(' ').filter((word) => word !== '');
        const deeper =
          own.length === 0
            ? [...words.keys()].filter((one) => one !== '' && !one.includes(' '))
            : next.filter((word) => !word.startsWith('-'));
        const isHere = [
          ...own.map((word) => `__fish_seen_subcommand_from ${word}`),
          ...(deeper.length > 0 ? [`not __fish_seen_subcommand_from ${deeper.join(' ')}`] : []),
        ];
        return next.map((word) =>
          word.startsWith('--')
            ? `complete -c corral -n '${isHere.join('; and ')}' -l ${word.slice(2)}`
            : `complete -c corral -n '${isHere.join('; and ')}' -a ${word}`,
        );
      })
      .join('\n'),
};

function branches<Item>(items: readonly Item[], branch: (item: Item) => string): string {
  return items.map(branch).join('\n');
}
