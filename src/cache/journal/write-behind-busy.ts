/** Neither the journal nor the database is known to have a write: the client should try again. */
export class WriteBehindBusy extends Error {
  /** True where the journal was given it and did not say that it refused, or the database has not answered: it may be written all the same. */
  readonly mayBeWritten: boolean;

  constructor(cause: unknown, mayBeWritten: boolean) {
    super('neither the journal nor the database could take the write', { cause });
    this.name = 'WriteBehindBusy';
    this.mayBeWritten = mayBeWritten;
  }
}
