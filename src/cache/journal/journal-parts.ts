import { grouped } from '../grouped.js';
import type { Journal } from './journal.js';

type Parted = Pick<Journal, 'isAway' | 'parts'>;

/** The part of the journal that a key lies in. */
export function partOf({ parts }: Pick<Journal, 'parts'>, key: string): number {
  return parts?.of(key) ?? 0;
}

/** The parts that cannot be asked now. */
export function partsAway(journal: Parted): readonly number[] {
  if (journal.parts === undefined) return journal.isAway() ? [0] : [];
  return Array.from({ length: journal.parts.count }, (_, part) => part).filter((part) =>
    journal.isAway(part),
  );
}

/** Items by the part that their keys lie in, in their order. */
export function byPart<Item>(
  journal: Pick<Journal, 'parts'>,
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<number, readonly Item[]> {
  return grouped(items, (item) => partOf(journal, keyOf(item)));
}
