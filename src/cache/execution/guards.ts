/** Functions of a schema that a plan was made for. A server may replace them later: Apollo does so for `willResolveField`. */
export class Guards {
  readonly #holders = new Map<string, Map<object, unknown>>();
  readonly #all: { readonly holder: object; readonly name: string; readonly found: unknown }[] = [];

  /** Remembers what a member is now. */
  add(holder: object, name: 'resolve' | 'serialize' | 'isTypeOf' | 'resolveType'): void {
    const known = this.#holders.get(name) ?? new Map<object, unknown>();
    this.#holders.set(name, known);
    if (known.has(holder)) return;
    const found: unknown = Reflect.get(holder, name);
    known.set(holder, found);
    this.#all.push({ holder, name, found });
  }

  /** Whether all of them are what they were. */
  hold(): boolean {
    for (const { holder, name, found } of this.#all) if (Reflect.get(holder, name) !== found) return false;
    return true;
  }
}
