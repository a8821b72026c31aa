// Finding the next byte that needs a look, four at a time: most of a notebook's bytes need none. A byte of a word is zero,
// or less than n, if `(word - n) & ~word` has that byte's high bit set (only then, or above such a byte).

/** Bytes as words of four, for the functions below. The bytes must begin at a multiple of four in their memory. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, (bytes.buffer.byteLength - bytes.byteOffset) >> 2);
}

export const isAligned = (bytes: Uint8Array): boolean => bytes.byteOffset % 4 === 0;

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
export function skipPlain(bytes: Uint8Array, words: Int32Array, from: number): number {
  let i = from;
  while ((i & 3) !== 0) {
    if (endsPlain[bytes[i]!] === 1) return i;
    i++;
  }
  const { length } = words;
  let k = i >> 2;
  for (; k < length; k++) {
    const word = words[k]!;
    const q = word ^ quotes;
    const b = word ^ backslashes;
    const found = ((q - ones) & ~q) | ((b - ones) & ~b) | ((word - spaces) & ~word);
    if ((found & highs) !== 0) break;
  }
  i = k << 2;
  while (endsPlain[bytes[i]!] === 0) i++;
  return i;
}

const mayEndLine = new Uint8Array(256);
mayEndLine[0x5c] = 1; // An escape
mayEndLine[0xc2] = 1; // U+0085
mayEndLine[0xe2] = 1; // U+2028, U+2029

/** The next byte before `end` at which a line may end, or `end`. */
export function skipLine(bytes: Uint8Array, words: Int32Array, from: number, end: number): number {
  let i = from;
  while ((i & 3) !== 0 && i < end) {
    if (mayEndLine[bytes[i]!] === 1) return i;
    i++;
  }
  for (let k = i >> 2; i + 4 <= end && k < words.length; i += 4, k++) {
    const word = words[k]!;
    const b = word ^ backslashes;
    const c = word ^ leads2;
    const e = word ^ leads3;
    const found = ((b - ones) & ~b) | ((c - ones) & ~c) | ((e - ones) & ~e);
    if ((found & highs) !== 0) break;
  }
  while (i < end && mayEndLine[bytes[i]!] === 0) i++;
  return i;
}
