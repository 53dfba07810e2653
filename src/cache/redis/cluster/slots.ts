/** Slots of a cluster: each key lies in one, and each slot on one primary. */
export const SLOTS = 16_384;

/** CRC-16/XMODEM, by which Redis finds the slot of a key. */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) sum = (sum & 0x8000) === 0 ? sum << 1 : (sum << 1) ^ 0x1021;
  return sum;
});

/** The slot of a key without braces, or of what stands between its first pair of them. */
export function slotOf(text: string): number {
  let sum = 0;
  for (const byte of Buffer.from(text, 'utf8')) sum = ((sum << 8) ^ (TABLE[(sum >> 8) ^ byte] ?? 0)) & 0xffff;
  return sum % SLOTS;
}

let found: readonly string[] | undefined;

/** For each slot a short text that lies in it: what a slot needs for itself is called by it. Found once, in some milliseconds. */
export function textsOfSlots(): readonly string[] {
  if (found !== undefined) return found;
  const texts = new Map<number, string>();
  for (let count = 0; texts.size < SLOTS; count += 1) {
    const text = count.toString(36);
    const slot = slotOf(text);
    if (!texts.has(slot)) texts.set(slot, text);
  }
  found = Array.from({ length: SLOTS }, (_, slot) => texts.get(slot) ?? '');
  return found;
}
