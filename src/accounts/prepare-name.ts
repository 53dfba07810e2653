/**
 * A display name as it is stored: composed (NFC), with blanks as RFC 8266 has them, single, plain, and only between words.
 * Two names that look the same are then the same.
 */
export function prepareName(name: string): string {
  return name
    .replace(/\p{Zs}+/gu, ' ')
    .replace(/^ | $/g, '')
    .normalize('NFC');
}
