import type { FilmRow } from './film-rows.js';

export type Random = () => number;

/**
 * Picks different films the way people do: one with ten times the votes is picked five or six times as often, and
 * one that nobody voted for now and then. The picked films come in the order of their ids.
 */
export function filmPicker(films: readonly FilmRow[], random: Random): (count: number) => FilmRow[] {
  const weightsUpTo: number[] = [];
  let total = 0;
  for (const { imdbVotes } of films) {
    total += ((imdbVotes ?? 0) + 200) ** 0.75;
    weightsUpTo.push(total);
  }
  return (count) => {
    const picked = new Set<FilmRow>();
    while (picked.size < Math.min(count, films.length)) {
      const film = films[firstAbove(weightsUpTo, random() * total)];
      if (film !== undefined) picked.add(film);
    }
    return [...picked].sort((a, b) => a.id - b.id);
  };
}

/** Where the first number above `value` stands in a rising list. */
function firstAbove(rising: readonly number[], value: number): number {
  let from = 0;
  let to = rising.length - 1;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((rising[middle] ?? value) > value) to = middle;
    else from = middle + 1;
  }
  return from;
}
