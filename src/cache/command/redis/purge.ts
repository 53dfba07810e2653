import type { Command } from 'commander';
import type { Cluster, Redis } from 'ioredis';
import { withMeetingTags } from '../../keys/meeting-tag.js';
import { shortenKey } from '../../keys/shorten-key.js';
import { CommandFault, wrongCommand } from '../command-fault.js';
import { saysYes } from '../says-yes.js';
import type { Surroundings } from '../surroundings.js';
import { asJson, counted } from '../write-out.js';
import { withRedis, withRedisOptions, type RedisFlags } from './client.js';
import { findEntries } from './find-entry.js';
import { withStore } from './open-store.js';
import { isUsedPrefix } from './used-prefix.js';

const examples = `
Examples:
  corral purge Movie:42 Person:7 --redis redis://localhost:6379
  corral purge --all --prefix films

A tag is a key, or what the tags of fields name. Every process sees it before the command ends; only copies of fields with
local go on to answer for as long as that says.`;

interface Flags extends RedisFlags {
  readonly all?: boolean;
  readonly yes?: boolean;
}

/** `corral purge`: ends entries by their tags, or all of them. */
export function addPurge(program: Command, surroundings: Surroundings): void {
  withRedisOptions(
    program
      .command('purge')
      .description('ends all entries with one of these tags, in all processes')
      .argument('[tags...]', 'tags or keys, such as Movie:42')
      .option('--all', 'ends every entry; asks twice')
      .option('--yes', 'does not ask'),
  )
    .addHelpText('after', examples)
    .action(async (tags: readonly string[], flags: Flags) => {
      if ((flags.all === true) === tags.length > 0)
        throw wrongCommand('Name tags such as Movie:42, or --all.');
      if (flags.all === true && flags.yes !== true) await askTwice(flags.prefix, surroundings);
      await withRedis(flags, surroundings, async (client) => {
        if (!(await isUsedPrefix(client, flags.prefix))) throw unusedPrefix(flags.prefix);
        const ended = await endedBy(client, flags.prefix, tags);
        await withStore(client, flags, {
          surroundings,
          work: async (store) => {
            if (flags.all === true) await store.forget();
            else await store.invalidate(ended);
          },
        });
      });
      const said = flags.all === true ? 'All entries are ended.' : `${counted(tags.length, 'tag')} ended.`;
      surroundings.out(flags.json === true ? asJson({ purged: flags.all === true ? 'all' : tags }) : said);
    });
}

/** As `cache.invalidate` ends them: other spellings of a key too, and of a variant that is stored the row that it is stored under. */
async function endedBy(
  client: Redis | Cluster,
  prefix: string,
  tags: readonly string[],
): Promise<readonly string[]> {
  const variants = tags.filter((tag) => tag.includes('|'));
  const found = await Promise.all(variants.map((tag) => findEntries(client, prefix, tag)));
  const rows = found.flat().map(({ row }) => row);
  return [...new Set([...withMeetingTags(tags).map(shortenKey), ...withMeetingTags(rows)])];
}

function unusedPrefix(prefix: string): CommandFault {
  return new CommandFault(
    `Nothing is stored under the prefix ${prefix}, so nothing was ended. Name the prefix of the processes with --prefix.`,
  );
}

/** @throws CommandFault unless a person says yes, and then what is to be purged. */
async function askTwice(prefix: string, { ask }: Surroundings): Promise<void> {
  if (ask === undefined) throw wrongCommand('To end every entry without a terminal say --yes.');
  const isSure = await saysYes(ask, `End every entry of the prefix ${prefix}? Everything is loaded anew.`);
  const isNamed = isSure && (await ask('Type the prefix to confirm: ')).trim() === prefix;
  if (!isNamed) throw new CommandFault('Nothing was ended.');
}
