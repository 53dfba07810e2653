/** How much there is. */
export interface Held {
  entries: number;
  bytes: number;
}

export function held(): Held {
  return { entries: 0, bytes: 0 };
}
