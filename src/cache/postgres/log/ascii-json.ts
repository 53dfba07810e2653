/**
 * JSON in which every character is ASCII. The log has messages in the encoding of the database, into which not every character can be
 * turned, and its reader is given them as they are: ASCII is the same in all encodings.
 */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
