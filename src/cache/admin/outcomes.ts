/** What became of a purge, or what must be said for it to be done. */
export interface PurgeOutcome {
  readonly isDone: boolean;
  readonly message: string;
}

/** What can be done with dead letters. */
export type LetterAct = 'replay' | 'discard';

/** What became of a dead letter. */
export interface LetterOutcome {
  readonly key: string;
  readonly isDone: boolean;
  readonly message: string;
}
