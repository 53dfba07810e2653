/** A place in the log of a PostgreSQL server, as it writes one: `16/B374D848`. */
export function readLsn(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function lsnText(place: bigint): string {
  return `${(place >> 32n).toString(16)}/${(place & 0xffffffffn).toString(16)}`.toUpperCase();
}

const PAGE_BYTES = 8192n;
const PAGE_HEADER_BYTES = 24n;

/** Where the last record ends, by the place where the next one would begin: between them may lie the header of a page. */
export function endOfRecords(writtenTo: bigint): bigint {
  return writtenTo % PAGE_BYTES === PAGE_HEADER_BYTES ? writtenTo - PAGE_HEADER_BYTES : writtenTo;
}
