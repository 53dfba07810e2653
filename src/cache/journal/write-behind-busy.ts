/** Neither the journal nor the database could take a write: nothing was accepted, and the client should try again. */
export class WriteBehindBusy extends Error {
  constructor(cause: unknown) {
    super('neither the journal nor the database could take the write', { cause });
    this.name = 'WriteBehindBusy';
  }
}
