// Finding the next byte that needs a look, four at a time: most of a notebook's bytes need none. A byte of a word is zero,
// or less than n, if `(word - n) & ~word` has that byte's high bit set (only then, or above such a byte).

/** Bytes, and all that lies behind them in their memory, to be read four at a time by the functions below. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset);
}

const ones = 0x01010101;
const highs = 0x80808080 | 0;
const quotes = 0x22222222;
const backslashes = 0x5c5c5c5c;
const spaces = 0x20202020;
const leads2 = 0xc2c2c2c2 | 0;
const leads3 = 0xe2e2e2e2 | 0;

const endsPlain = new Uint8Array(256);
endsPlain.fill(1, 0, 0x20);
endsPlain[0x22] = 1;
endsPlain[0x5c] = 1;

/** The next quote, backslash or control character from `from` on. There must be one: a 0 ends every text. */
export function skipPlain(bytes: Uint8Array, view: DataView, from: number): number {
  const last = view.byteLength - 4;
  let i = from;
  for (; i <= last; i += 4) {
    const word = view.getInt32(i, true);
    const found = plainEndsIn(word);
    if (found !== 0) return i + firstByte(found);
  }
  while (endsPlain[bytes[i]!] === 0) i++;
  return i;
}

/** The high bits of those bytes of a word that are a quote, a backslash or a control character; exact for the first of them. */
export function plainEndsIn(word: number): number {
  const q = word ^ quotes;
  const b = word ^ backslashes;
  return (((q - ones) & ~q) | ((b - ones) & ~b) | ((word - spaces) & ~word)) & highs;
}

/** Which byte of a little-endian word has the lowest bit that is set. */
export function firstByte(found: number): number {
  return (31 - Math.clz32(found & -found)) >> 3;
}

/** As `plainEndsIn`, for bytes at which a line may end. */
export function lineEndsIn(word: number): number {
  const b = word ^ backslashes;
  const c = word ^ leads2;
  const e = word ^ leads3;
  return (((b - ones) & ~b) | ((c - ones) & ~c) | ((e - ones) & ~e)) & highs;
}

/** Whether a line may end at this byte: it begins an escape, U+0085, U+2028 or U+2029. */
export function isLineEnd(byte: number): boolean {
  return byte === 0x5c || byte === 0xc2 || byte === 0xe2;
}

/** Whether this byte is a quote, a backslash or a control character. */
export function isPlainEnd(byte: number): boolean {
  return endsPlain[byte] === 1;
}
