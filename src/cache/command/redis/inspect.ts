import type { Command } from 'commander';
import { createValueCodec } from '../../codec/value-codec.js';
import type { Entry } from '../../codec/entry.js';
import { entryState, type EntryState } from '../../coherence/entry-state.js';
import { systemClock } from '../../time/clock.js';
import { CommandFault } from '../command-fault.js';
import type { Surroundings } from '../surroundings.js';
import { asJson } from '../write-out.js';
import { withRedis, withRedisOptions, type RedisFlags } from './client.js';
import { findEntries, pendingWrite, type FoundEntry } from './find-entry.js';

const examples = `
Examples:
  corral inspect Movie:42 --redis redis://localhost:6379
  corral inspect 'Movie:42|locale=de' --value

Keys are those of corral explain and of the evidence in answers; the variant of a row ends in |name=value.`;

interface Flags extends RedisFlags {
  readonly value?: boolean;
}

/** `corral inspect`: what the store and the journal have of one key. */
export function addInspect(program: Command, surroundings: Surroundings): void {
  withRedisOptions(
    program
      .command('inspect')
      .description('shows an entry: whether it is there, how old it is, and whether it still counts')
      .argument('<key>', 'such as Movie:42')
      .option('--value', 'shows the value too: it may be private'),
  )
    .addHelpText('after', examples)
    .action(async (key: string, flags: Flags) => {
      const { found, pending } = await withRedis(flags, surroundings, async (client) => ({
        found: await findEntries(client, flags.prefix, key),
        pending: await pendingWrite(client, flags.prefix, key),
      }));
      const waiting = pending === undefined ? undefined : new Date(pending.seq / 1000).toISOString();
      if (flags.json === true) {
        surroundings.out(
          asJson({
            key,
            entries: found.map((one) => shownEntry(one, flags)),
            writeWaitingSince: waiting ?? null,
          }),
        );
        return;
      }
      for (const one of found) surroundings.out(sentences(key, shownEntry(one, flags)).join('\n'));
      if (waiting !== undefined) surroundings.out(`A write of it waits in the journal since ${waiting}.`);
      if (found.length === 0 && waiting === undefined)
        throw new CommandFault(`There is no entry ${key} under the prefix ${flags.prefix}.`);
    });
}

interface ShownEntry {
  readonly schema: string;
  readonly state: EntryState['state'] | 'unreadable';
  readonly bytes: number;
  readonly ageMs: number | null;
  readonly freshForMs: number | null;
  readonly loadMs: number | null;
  readonly keptForMs: number;
  readonly isLoading: boolean;
  /** Generations besides its own and the one of everything. */
  readonly tags: number;
  readonly value?: unknown;
}

function shownEntry(
  { digest, bytes, entry, keptForMs, present, isLoading }: FoundEntry,
  { value }: Flags,
): ShownEntry {
  const known = entry && entryState(entry, present, systemClock.nowMs());
  return {
    schema: digest,
    state: known?.state ?? 'unreadable',
    bytes,
    ageMs: known?.ageMs ?? null,
    freshForMs: entry?.freshForMs ?? null,
    loadMs: entry?.loadMs ?? null,
    keptForMs,
    isLoading,
    tags: known?.tags ?? 0,
    ...(value === true && entry !== undefined && { value: valueOf(entry) }),
  };
}

/** Kinds of values that only the application knows cannot be read here. */
function valueOf({ payload }: Entry): unknown {
  try {
    return createValueCodec().decode(payload);
  } catch (error) {
    return `(cannot be read here: ${error instanceof Error ? error.message : String(error)})`;
  }
}

const STATES: Readonly<Record<ShownEntry['state'], string>> = {
  fresh: 'is fresh',
  stale: 'is past its ttl',
  ended: 'was ended by an invalidation, and is served to no reader',
  unreadable: 'cannot be read by this version of corral',
};

function sentences(key: string, entry: ShownEntry): readonly string[] {
  const { schema, state, bytes, ageMs, freshForMs, loadMs, keptForMs, isLoading, tags } = entry;
  return [
    `${key} ${STATES[state]} (schema ${schema}).`,
    ...(ageMs === null ? [] : [`  age       ${shownMs(ageMs)} of ${shownMs(freshForMs ?? 0)}`]),
    ...(loadMs === null ? [] : [`  load took ${loadMs} ms`]),
    `  size      ${bytes.toLocaleString('en')} bytes`,
    `  kept for  ${shownMs(keptForMs)}`,
    `  tags      ${tags} besides its own; those are compared by the processes`,
    ...(isLoading ? ['  a process is loading it'] : []),
    ...('value' in entry ? [`  value     ${asJson(entry.value)}`] : []),
  ];
}

function shownMs(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toLocaleString('en', { maximumFractionDigits: 1 })} s`;
}
