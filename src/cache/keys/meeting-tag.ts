/** Text in which a part may be a value under another of its spellings; most texts are not, and cost this look only. */
const CANDIDATE = /[:/](?:~[-\dtf]|%|[-+.0]|\d+[.eExX]|(?:[\da-fA-F]{4}-?){2}[\da-fA-F]{4})/;
const TYPED = /^~(-?\d[\d.]*(?:e[+-]?\d+)?|true|false)n?$/;
const WHOLE = /^[+-]?\d+$/;
const UUID = /^\{?([\da-f]{4}-?){7}[\da-f]{4}\}?$/i;

/**
 * The tag under which everybody meets who may mean the same row: a number and its text are one, `007` is `7`, and a uuid
 * is in lower case, as the database writes it in its rows. Keys keep these apart, since a resolver can tell them apart;
 * an entry whose key is spelt otherwise carries this tag as well, and what is invalidated is invalidated under both.
 * At worst an entry is loaded once more than necessary.
 */
export function meetingTag(text: string): string {
  if (!CANDIDATE.test(text)) return text;
  return text.replace(
    /([:/])([^:/]+)/g,
    (_, separator: string, part: string) => separator + asRowsWrite(part),
  );
}

function asRowsWrite(part: string): string {
  const [, typed] = TYPED.exec(part) ?? [];
  const value = (typed ?? unescaped(part)).trim();
  if (WHOLE.test(value)) return withoutZeros(value);
  if (UUID.test(value)) return hyphenated(value.replace(/[{}-]/g, '').toLowerCase());
  const number = value === '' ? NaN : Number(value);
  return Number.isFinite(number) ? String(number) : (typed ?? part);
}

/** As text, since a client may send a number of any length. */
function withoutZeros(digits: string): string {
  const bare = digits.replace(/^[+-]?0*(?=\d)/, '');
  return digits.startsWith('-') && bare !== '0' ? `-${bare}` : bare;
}

function unescaped(part: string): string {
  return part.replace(/%([\da-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

function hyphenated(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
