let attempts = 0;

/**
 * A Date that its readers share: it cannot be set. Copies that are made of it by its constructor are ordinary Dates, and
 * so is it for whatever looks at its constructor.
 */
export class FixedDate extends Date {}

for (const name of Object.getOwnPropertyNames(Date.prototype)) {
  if (!name.startsWith('set')) continue;
  Object.defineProperty(FixedDate.prototype, name, {
    value() {
      attempts += 1;
      throw new TypeError(
        `${name}: a Date of a cached value is shared by all its readers; set a copy of it, new Date(date)`,
      );
    },
  });
}
Object.defineProperty(FixedDate.prototype, 'constructor', { value: Date });
Object.freeze(FixedDate.prototype);

/** Whether it is a Date that the codec knows, and not an instance of a class that extends it. */
export function isPlainDate(value: object): value is Date {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Date.prototype || prototype === FixedDate.prototype;
}

/** Whether code that is given a Date makes something else of it, and does not try to set it. */
export function onlyReadsDates(code: (date: Date) => unknown): boolean {
  const attemptsBefore = attempts;
  let made: unknown;
  try {
    made = code(Object.freeze(new FixedDate(0)));
  } catch {
    // It refuses Dates, or failed when it tried to set one, which has been counted.
  }
  return attempts === attemptsBefore && (typeof made !== 'object' || made === null);
}
