// Splits a JSON object into its members without parsing it: values are told by where they begin and end. The scan keeps
// a depth instead of a stack, so that no nesting, however deep, costs more than its bytes.

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Key without its quotes, as written (escapes are not resolved); value as written. */
export type MemberVisitor = (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => void;

/**
 * Visits the members of the object that `bytes` hold. False if they do not hold an object with balanced brackets and
 * strings; scalars are not checked further.
 */
export function scanObject(bytes: Buffer, visit: MemberVisitor): boolean {
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== openBrace) return false;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === closeBrace) return skipSpace(bytes, at + 1) === bytes.length;
  for (;;) {
    if (bytes[at] !== quote) return false;
    const keyEnd = endOfString(bytes, at);
    if (keyEnd < 0) return false;
    const keyStart = at + 1;
    at = skipSpace(bytes, keyEnd + 1);
    if (bytes[at] !== colon) return false;
    const valueStart = skipSpace(bytes, at + 1);
    const valueEnd = endOfValue(bytes, valueStart);
    if (valueEnd < 0) return false;
    visit(keyStart, keyEnd, valueStart, valueEnd);
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] === closeBrace) return skipSpace(bytes, at + 1) === bytes.length;
    if (bytes[at] !== comma) return false;
    at = skipSpace(bytes, at + 1);
  }
}

/** Whether the bytes from `start` to `end` are these ASCII characters. */
export function equalsAscii(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index++) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** The string whose token stands from `start` to `end`, quotes included; undefined if it is not a string. */
export function stringAt(bytes: Buffer, start: number, end: number): string | undefined {
  if (bytes[start] !== quote) return undefined;
  let isPlain = true;
  for (let at = start + 1; at < end - 1; at++) {
    const byte = bytes[at]!;
    if (byte === backslash || byte >= 0x80 || byte < 0x20) {
      isPlain = false;
      break;
    }
  }
  if (isPlain) return bytes.toString('latin1', start + 1, end - 1);
  try {
    return JSON.parse(bytes.toString('utf8', start, end)) as string;
  } catch {
    // A control character or a wrong escape: not JSON, so not a string.
    return undefined;
  }
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

const shortString = 48;

/** Where the closing quote of the string stands that opens at `start`; -1 if nowhere. */
function endOfString(bytes: Buffer, start: number): number {
  const soon = Math.min(bytes.length, start + shortString);
  let at = start + 1;
  while (at < soon) {
    const byte = bytes[at];
    if (byte === quote) return at;
    at += byte === backslash ? 2 : 1;
  }
  // `at` is not inside an escape: from here, a quote closes unless an odd number of backslashes precedes it.
  const from = at;
  for (;;) {
    const found = bytes.indexOf(quote, at);
    if (found < 0) return -1;
    let slashes = 0;
    while (found - 1 - slashes >= from && bytes[found - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return found;
    at = found + 1;
  }
}

/** Index after the value that begins at `start`; -1 if it does not end. */
function endOfValue(bytes: Buffer, start: number): number {
  const first = bytes[start];
  if (first === quote) {
    const end = endOfString(bytes, start);
    return end < 0 ? -1 : end + 1;
  }
  if (first !== openBrace && first !== openBracket) return endOfScalar(bytes, start);
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      at = endOfString(bytes, at);
      if (at < 0) return -1;
    } else if (byte === openBrace || byte === openBracket) depth++;
    else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return at + 1;
  }
  return -1;
}

function endOfScalar(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    const isScalar =
      (byte >= 0x30 && byte <= 0x39) ||
      (byte >= 0x61 && byte <= 0x7a) ||
      (byte >= 0x41 && byte <= 0x5a) ||
      byte === 0x2b ||
      byte === 0x2d ||
      byte === 0x2e;
    if (!isScalar) break;
    at++;
  }
  return at === start ? -1 : at;
}
