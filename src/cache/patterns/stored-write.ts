import { withMeetingTags } from '../keys/meeting-tag.js';
import { valueIn, type TemplateInputs } from '../keys/template.js';
import { shownKeys } from '../keys/variant-in-text.js';
import { rowOf } from '../store/store.js';
import type { CallInfo, FieldCall } from '../loads/field-call.js';
import type { WrittenRow } from '../coherence/fills.js';
import type { Ended, Storing, StoringWrite } from './invalidates.js';
import type { Services } from '../loads/services.js';
import type { Located } from '../policy/read-policy.js';
import type { WritePolicy } from '../policy/write-policy.js';

/**
 * How a write stores its row: the generation of its key is captured before its transaction begins, and the row comes in after
 * the commit, with its invalidation or after it, unless a later version was seen meanwhile. A row that is refused stays
 * invalidated, and so is one whose field is switched off.
 */
export function storedWrite<Info extends CallInfo>(
  services: Services,
  policy: WritePolicy,
  { stores }: { readonly stores: 'always' | 'where-hot' | 'never' },
): Storing<Info> {
  const { entries, traces, log } = services;
  const { coordinate, pattern, counters } = policy;
  const shown = shownKeys(policy.vary);
  let hasComplained = false;
  let hasWarned = false;
  const checkedVersionOf = (result: unknown): number | undefined => {
    if (typeof result !== 'object' || result === null) return undefined;
    const version = orNothing(() => valueIn(result, ['version']));
    const number = typeof version === 'bigint' ? Number(version) : version;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
    if (!hasComplained && stores !== 'never') {
      hasComplained = true;
      log.error(
        { coordinate },
        'the row that was written has no whole number as its version, so it is not stored; return the row with it',
      );
    }
    return undefined;
  };
  const versionOf = (result: unknown): number | undefined => orNothing(() => checkedVersionOf(result));
  /**
   * Its row carries the generations of its tags from before the transaction, so one that its own write ended is dead. Their
   * present ones are not for it: another write may have ended them since the commit, about what this row shows.
   */
  const endsItself = (own: readonly string[], { tags, named }: Ended): boolean => {
    if (own.length === 0) return false;
    const ended = new Set(withMeetingTags(tags));
    if (!own.some((one) => ended.has(one))) return false;
    const tag = own.find((one) => named.includes(one));
    if (tag !== undefined && !hasWarned) {
      hasWarned = true;
      log.warn(
        { coordinate, tag },
        'a write ends a tag of its own entry, so its row is not stored; leave the tag out of @invalidates or of the entry (docs/write-through.md)',
      );
    }
    return true;
  };
  const placed = (args: TemplateInputs['args'], context: unknown): Placed | undefined => {
    const viewerId = policy.usesViewer ? services.viewerOf(context) : undefined;
    const variant = policy.variantOf?.(context);
    const place = policy.locate({ args, viewerId, variant });
    return place.reason === undefined ? { place, rowText: variant?.rowText ?? '' } : undefined;
  };
  const canMove = policy.usesViewer || policy.variantOf !== undefined;
  return {
    begin: async ({ args: given, context, info }: FieldCall<Info>): Promise<StoringWrite | undefined> => {
      const args = policy.takeArguments(given);
      const before = placed(args, context);
      if (before === undefined && !canMove) return undefined;
      const intent =
        before === undefined || stores === 'never'
          ? undefined
          : await entries.intend(policy, before.place, stores === 'where-hot');
      let after: Placed | undefined;
      let made: { readonly row: WrittenRow | undefined } | undefined;
      const rowOfWrite = (value: unknown, ended: Ended): WrittenRow | undefined => {
        if (intent === undefined || after !== undefined || endsItself(intent.address.tags, ended))
          return undefined;
        const version = versionOf(value);
        return version === undefined ? undefined : entries.written(policy, { intent, value, version });
      };
      const written = (value: unknown, ended: Ended): WrittenRow | undefined =>
        orNothing(() => rowOfWrite(value, ended));
      const isPut = async (row: WrittenRow | undefined): Promise<boolean> =>
        row?.outcome === undefined ? row !== undefined && (await entries.put(row)) : row.outcome === 'stored';
      return {
        named: () => {
          after = canMove ? movedFrom(before, () => placed(args, context)) : undefined;
          return {
            row: before !== undefined && after === undefined ? rowOf(before.place) : undefined,
            tags: [before, after].flatMap((one) => (one === undefined ? [] : tagsOf(one, policy))),
          };
        },
        versionOf,
        written: (value, ended) => {
          made = { row: written(value, ended) };
          return made.row;
        },
        end: async (value, invalidation) => {
          const { isApplied: isInvalidated } = invalidation;
          const isStored =
            isInvalidated && (await isPut(made === undefined ? written(value, invalidation) : made.row));
          if (isStored) counters.written += 1;
          const about = before ?? after;
          if (about === undefined) return;
          const outcome = isStored ? 'WRITTEN' : isInvalidated ? 'INVALIDATED' : 'BYPASS';
          traces.of(context)?.record(info.path, {
            coordinate,
            pattern,
            key: shown(about.place.key),
            outcome,
            ...(outcome === 'BYPASS' ? { reason: 'the store could not apply the invalidation' } : {}),
          });
        },
      };
    },
  };
}

/** The write has happened: a type or a log of the application that throws must not keep it from being invalidated. */
function orNothing<T>(made: () => T): T | undefined {
  try {
    return made();
  } catch {
    return undefined;
  }
}

/** Where the row of a call is, and what that ends in where it is a tenant's. */
interface Placed {
  readonly place: Located;
  readonly rowText: string;
}

/**
 * Where the row is that the resolver returned, when it has said another viewer or tenant meanwhile, as a sign-in does; undefined where
 * it has not. What it returned is then for them, and must not be stored for the one before.
 */
function movedFrom(before: Placed | undefined, ask: () => Placed | undefined): Placed | undefined {
  try {
    const now = ask();
    return now?.place.key === before?.place.key ? undefined : now;
  } catch {
    // They cannot be asked any more, as after a sign-out. The write has happened, and what it began with is known.
    return undefined;
  }
}

/** What the key means: its row, the row under other spellings, and where that is a tenant's, also that of all. */
function tagsOf({ place, rowText }: Placed, { reachesAll }: WritePolicy): readonly string[] {
  const { others } = place;
  const row = rowOf(place);
  if (rowText === '') return [row, ...others];
  const ofRow = others.map((other) => other + rowText);
  return reachesAll ? [row, row.slice(0, -rowText.length), ...others, ...ofRow] : [row, ...ofRow];
}
