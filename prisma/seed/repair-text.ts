/** Left: what movies.json has. Right: what was meant; its Latin-1 bytes were once read as Mac Roman. */
const misread = new Map([
  ['È', 'é'],
  ['Í', 'ê'],
  ['Ë', 'è'],
  ['Î', 'ë'],
  ['‰', 'ä'],
  ['‡', 'à'],
  ['·', 'á'],
  ['Û', 'ó'],
  ['Ù', 'ô'],
  ['˘', 'ù'],
  ['Ω', '½'],
  ['Ö', '…'],
]);

/** "LÈon" becomes "Léon". Only for this one file: elsewhere an È may well be an È. */
export function repairText(text: string): string {
  return Array.from(text, (character) => misread.get(character) ?? character).join('');
}
