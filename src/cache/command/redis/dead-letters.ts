import type { Command } from 'commander';
import type { BuriedWrite, Journal } from '../../journal/journal.js';
import { decodeRecord } from '../../journal/record.js';
import { createValueCodec } from '../../codec/value-codec.js';
import { withMeetingTags } from '../../keys/meeting-tag.js';
import { quotable } from '../../redis/connection/refusal.js';
import type { Store } from '../../store/store.js';
import { CommandFault, wrongCommand } from '../command-fault.js';
import type { Surroundings } from '../surroundings.js';
import { asJson, asTable, counted, shown } from '../write-out.js';
import { withRedis, withRedisOptions, type RedisFlags } from './client.js';
import { withJournal, withStore } from './open-store.js';
import { hasEntries } from './used-prefix.js';

const examples = `
Examples:
  corral dead-letters list --redis redis://localhost:6379
  corral dead-letters replay Playback:7:42
  corral dead-letters discard --all --yes

A dead letter is a write of WRITE_BEHIND that the database refuses for good.`;

interface Flags extends RedisFlags {
  readonly all?: boolean;
  readonly yes?: boolean;
}

/** `corral dead-letters`: what the database refused of the accepted writes. */
export function addDeadLetters(program: Command, surroundings: Surroundings): void {
  const { out } = surroundings;
  const letters = program
    .command('dead-letters')
    .description('lists, replays or discards accepted writes that the database refused')
    .helpCommand(false)
    .addHelpText('after', examples);
  const inJournal = <Result>(flags: Flags, work: (journal: Journal) => Promise<Result>): Promise<Result> =>
    withRedis(flags, surroundings, (client) => withJournal(client, flags, { work, surroundings }));

  withRedisOptions(
    letters.command('list').description('shows them, oldest first, without their values'),
  ).action(async (flags: Flags) => {
    const found = await inJournal(flags, async (journal) => oldestFirst(await journal.deadLetters()));
    const codec = createValueCodec();
    const shown = found.map(({ record, ...letter }) => {
      const { coordinate = null } = decodeRecord(codec, record) ?? {};
      return { ...letter, coordinate };
    });
    if (flags.json === true) out(asJson(shown));
    else if (shown.length === 0) out('There are no dead letters.');
    else {
      const rows = shown.map(({ key, coordinate, attempts, buriedAtMs, error }) => [
        ...[key, coordinate ?? '', `${attempts}`, new Date(buriedAtMs).toISOString(), error],
      ]);
      out(asTable(['key', 'field', 'attempts', 'refused at', 'why'], rows));
    }
  });
  withRedisOptions(
    letters
      .command('replay')
      .description('has them flushed once more, once their cause is gone; a newer write of a key stays')
      .argument('[keys...]', 'their keys')
      .option('--all', 'all there are'),
  ).action(async (keys: readonly string[], flags: Flags) => {
    requireKeys(keys, flags);
    const outcomes = await inJournal(flags, async (journal) => {
      const found: (readonly [key: string, outcome: Awaited<ReturnType<Journal['replay']>>])[] = [];
      const wanted =
        flags.all === true ? oldestFirst(await journal.deadLetters()).map(({ key }) => key) : keys;
      for (const key of wanted) found.push([key, await journal.replay(key)]);
      return found;
    });
    const replayed = outcomes.filter(([, outcome]) => outcome === 'replayed').map(([key]) => key);
    const whyNotEnded = await endEntries(replayed, flags, surroundings);
    const says = {
      replayed: 'is due now: a running process flushes it',
      superseded: 'is gone, since a newer write of the key waits',
      unknown: 'is no dead letter',
    };
    if (flags.json === true) out(asJson(Object.fromEntries(outcomes)));
    else for (const [key, outcome] of outcomes) out(shown(`${key} ${says[outcome]}.`));
    if (whyNotEnded !== undefined)
      throw new CommandFault(
        `The entries of what was replayed could not be ended, so readers may see older values until it is flushed: ${whyNotEnded} ` +
          'corral purge ends them, with the same keys.',
      );
    if (outcomes.some(([, outcome]) => outcome === 'unknown')) throw new CommandFault('');
  });
  withRedisOptions(
    letters
      .command('discard')
      .description('removes them for good: what they would have written is lost')
      .argument('[keys...]', 'their keys')
      .option('--all', 'all there are; needs --yes')
      .option('--yes', 'for --all'),
  ).action(async (keys: readonly string[], flags: Flags) => {
    requireKeys(keys, flags);
    if (flags.all === true && flags.yes !== true)
      throw wrongCommand('To discard every dead letter say --yes too.');
    const { gone, unknown } = await inJournal(flags, async (journal) => {
      const letters = await journal.deadLetters();
      const wanted = flags.all === true ? letters : letters.filter(({ key }) => keys.includes(key));
      // What is up to this number of these keys is dropped; a newer write of one stays.
      await journal.supersede(wanted.map(({ key, seq }) => ({ key, seq })));
      const known = new Set(wanted.map(({ key }) => key));
      return { gone: [...known], unknown: keys.filter((key) => !known.has(key)) };
    });
    if (flags.json === true) out(asJson({ discarded: gone, unknown }));
    else {
      out(`${counted(gone.length, 'dead letter')} discarded.`);
      for (const key of unknown) out(shown(`${key} is no dead letter.`));
    }
    if (unknown.length > 0) throw new CommandFault('');
  });
}

/**
 * Ends what was loaded while these writes were no longer pending, after they are pending again: what is loaded since has them. Answers
 * with why it could not.
 */
async function endEntries(
  keys: readonly string[],
  flags: Flags,
  surroundings: Surroundings,
): Promise<string | undefined> {
  if (keys.length === 0) return undefined;
  try {
    return await withRedis(flags, surroundings, async (client) => {
      if (!(await hasEntries(client, flags.prefix))) {
        surroundings.err(
          `No entries are in this Redis under the prefix ${flags.prefix}. Where they are in another one, readers may see older values ` +
            'until it is flushed: corral purge ends them there, with the same keys.',
        );
        return undefined;
      }
      const work = async (store: Store): Promise<void> =>
        void (await store.invalidate(withMeetingTags(keys)));
      await withStore(client, flags, { surroundings, work });
      return undefined;
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `${quotable(why)}${why.endsWith('.') ? '' : '.'}`;
  }
}

function requireKeys(keys: readonly string[], { all }: Flags): void {
  if ((all === true) === keys.length > 0) throw wrongCommand('Name keys of dead letters, or --all.');
}

function oldestFirst(letters: readonly BuriedWrite[]): readonly BuriedWrite[] {
  return [...letters].sort((one, other) => one.seq - other.seq);
}
