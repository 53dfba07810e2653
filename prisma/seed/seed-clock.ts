/** The demo data's years. Fixed, because two seeds must not differ. */
export const seedStart = new Date('2023-01-01T00:00:00.000Z');
export const seedEnd = new Date('2026-01-01T00:00:00.000Z');

/** When a row was made and last changed, as PostgreSQL's `timestamp` reads it. */
export interface RowTimes {
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const sinceTheStart: RowTimes = unchangedSince(seedStart.toISOString());

export function unchangedSince(createdAt: string): RowTimes {
  return { createdAt, updatedAt: createdAt };
}

/** A moment between two others; `share` from 0 to 1. */
export function momentBetween(from: Date, to: Date, share: number): string {
  return new Date(from.getTime() + Math.floor((to.getTime() - from.getTime()) * share)).toISOString();
}
