import { isPeer } from './contestants.js';

/** One figure by which contestants are put in order. */
export interface Standing {
  readonly name: string;
  readonly title: string;
  /** What was done, and what the figure is. */
  readonly what: string;
  readonly figure: number;
  readonly digits: number;
  readonly isBetterMore: boolean;
  /** What must be known beside it. */
  readonly note: string;
}

/** Where a peer is better than the best of the library, peer by peer and figure by figure, in Markdown. */
export function whereOthersLead(standings: readonly Standing[]): string {
  const lines = [...new Set(standings.map(({ what }) => what))].flatMap((what) => {
    const group = standings.filter((standing) => standing.what === what);
    const own = group.filter(({ name }) => name.startsWith('library-'));
    const [best] = [...own].sort((a, b) => (isAhead(a, b) ? -1 : 1));
    if (best === undefined) return [];
    return group
      .filter((standing) => isPeer(standing.name) && isAhead(standing, best))
      .map((standing) => {
        const { title, note } = standing;
        return `- ${what}: ${title} has ${shown(standing)}${note}; the best of the library has ${shown(best)} (${best.title}).`;
      });
  });
  return lines.length === 0 ? 'No other was ahead of the best of the library in this run.' : lines.join('\n');
}

function isAhead(one: Standing, other: Standing): boolean {
  return one.isBetterMore ? one.figure > other.figure : one.figure < other.figure;
}

function shown({ figure, digits }: Standing): string {
  return figure.toFixed(digits);
}
