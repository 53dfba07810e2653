const WHOLE = /^([+-]?)(\d+)$/;
const DECIMAL = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,9}))?$/;
const RADIX = /^([+-]?)(0[xX](?=[\da-fA-F]+$)|0[oO](?=[0-7]+$)|0[bB](?=[01]+$))(.+)$/;
/** Between digits, and behind the prefix of a radix, PostgreSQL reads past it. */
const UNDERSCORE = /(?<=[\da-fxob])_(?=[\da-f])/gi;
/** No number of any column that can be an id is longer. */
const MAX_WRITTEN_OUT = 400;
/** The same in binary. What is longer is not converted: that takes a time that grows with the square of its length. */
const MAX_RADIX_DIGITS = 1330;

/**
 * The one text of a number, as rows write it: undefined for what is none. A text is a number where `Number()` reads it as
 * one, which a resolver may use, or where PostgreSQL does: digits in ASCII with a sign, a decimal point, an exponent, a
 * radix, underscores between them, and whitespace around them. Whole numbers keep all of their digits, whatever their size.
 */
export function numberText(text: string): string | undefined {
  const trimmed = text.trim();
  const bare = trimmed.includes('_') ? trimmed.replace(UNDERSCORE, '') : trimmed;
  const whole = WHOLE.exec(bare);
  if (whole !== null) return signed(whole[1], withoutZeros(whole[2] ?? ''));
  const radix = RADIX.exec(bare);
  if (radix !== null) return radixText(radix);
  const decimal = DECIMAL.exec(bare);
  return decimal === null ? undefined : decimalText(bare, decimal);
}

function radixText([, sign, prefix = '', written = '']: RegExpExecArray): string | undefined {
  const digits = withoutZeros(written);
  return digits.length > MAX_RADIX_DIGITS ? undefined : signed(sign, BigInt(prefix + digits).toString());
}

function decimalText(
  text: string,
  [, sign, before = '', after = '', alone = '', exponent = '0']: RegExpExecArray,
): string | undefined {
  const written = before + after + alone;
  let end = written.length;
  while (end > 0 && written[end - 1] === '0') end -= 1;
  const digits = withoutZeros(written.slice(0, end));
  if (digits === '' || digits === '0') return '0';
  const shift = Number(exponent) - (after + alone).length + (written.length - end);
  if (shift >= 0 && digits.length + shift <= MAX_WRITTEN_OUT) return signed(sign, digits + '0'.repeat(shift));
  const number = Number(text);
  return Number.isFinite(number) ? String(number) : undefined;
}

/** As text, since a client may send a number of any length. */
function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=\d)/, '');
}

function signed(sign: string | undefined, digits: string): string {
  return sign === '-' && digits !== '0' ? `-${digits}` : digits;
}
