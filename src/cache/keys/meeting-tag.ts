import { escapeComponent } from './component.js';
import { numberText } from './number-text.js';

/** Text in which a part may be a value under another of its spellings; most texts are not, and cost this look only. */
const CANDIDATE =
  /[:/](?:~(?:[-\dtf]|%22)|[-+.0%{\s]|[^\0-\x7f]|\d+(?:[._eE%\s]|[^\0-\x7f])|(?:[\da-fA-F]{4}-?){2}[\da-fA-F]{4})/;
const TYPED = /^~(-?\d[\d.]*(?:e[+-]?\d+)?|true|false)n?$/;
/** A text where numbers are declared: see `untextedComponent`. */
const TEXT = /^~(%22.*%22)$/;
const UUID = /^\{?([\da-f]{4}-?){7}[\da-f]{4}\}?$/i;

/**
 * The tag under which everybody meets who may mean the same row: a number and its text are one, `007` is `7`, and a uuid
 * is in lower case, as the database writes it in its rows. Keys keep these apart, since a resolver can tell them apart;
 * an entry whose key is spelt otherwise carries this tag as well, and what is invalidated is invalidated under both.
 * At worst an entry is loaded once more than necessary.
 */
export function meetingTag(text: string): string {
  if (!CANDIDATE.test(text)) return text;
  const bar = text.indexOf('|');
  // A tag of one tenant's rows: what stands behind the bar is no part of the row's id.
  if (bar >= 0) return meetingTag(text.slice(0, bar)) + text.slice(bar);
  return text.replace(
    /([:/])([^:/]+)/g,
    (_, separator: string, part: string) => separator + asRowsWrite(part),
  );
}

/** What an invalidation of these tags ends: entries under other spellings of the same key carry its meeting tag. */
export function withMeetingTags(tags: readonly string[]): readonly string[] {
  const meeting = tags.map(meetingTag);
  return meeting.every((tag, index) => tag === tags[index]) ? tags : [...new Set([...tags, ...meeting])];
}

function asRowsWrite(part: string): string {
  const [, quoted] = TEXT.exec(part) ?? [];
  const text = quoted === undefined ? undefined : parsedText(unescaped(quoted));
  return text === undefined ? asRowsWriteValue(part) : asRowsWriteValue(escapeComponent(text));
}

/** A tag that a person wrote may only look like one. */
function parsedText(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function asRowsWriteValue(part: string): string {
  const [, typed] = TYPED.exec(part) ?? [];
  const value = typed ?? unescaped(part);
  const trimmed = value.trim();
  // A uuid may look like a number, `0e1…`, and a number of 32 digits like a uuid: all of these meet as uuids.
  const read = UUID.test(trimmed) ? trimmed : (numberText(trimmed) ?? typed ?? part);
  return UUID.test(read) ? hyphenated(read) : read;
}

function unescaped(part: string): string {
  return part.replace(/%([\da-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

function hyphenated(uuid: string): string {
  const digits = uuid.replace(/[{}-]/g, '').toLowerCase();
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
