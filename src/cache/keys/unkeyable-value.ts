/** Thrown while a key is built from a value that has no canonical text; the field is then resolved uncached. */
export class UnkeyableValue extends Error {
  constructor(what: string) {
    super(`${what} cannot be part of a key`);
    this.name = 'UnkeyableValue';
  }
}
