/**
 * A Date that its readers share: it cannot be set. Copies that are made of it by its constructor are ordinary Dates, and
 * so is it for whatever looks at its constructor.
 */
export class FixedDate extends Date {}

for (const name of Object.getOwnPropertyNames(Date.prototype)) {
  if (!name.startsWith('set')) continue;
  Object.defineProperty(FixedDate.prototype, name, {
    value() {
      throw new TypeError(
        `${name}: a Date of a cached value is shared by all its readers; set a copy of it, new Date(date)`,
      );
    },
  });
}
Object.defineProperty(FixedDate.prototype, 'constructor', { value: Date });
Object.freeze(FixedDate.prototype);
