// Strings of a JSON text, still in their JSON spelling, written again: as Python's json would spell them,
// split into lines, joined, or as the bytes that they stand for.
import type { ByteSink } from './byte-sink.ts';
import { hexValue } from './hex-value.ts';
import type { JsonDocument, JsonString, JsonStrings } from './json-document.ts';

type Text = Pick<JsonDocument, 'bytes' | 'view'>;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const hexDigits = '0123456789abcdef';

/** Writes the string between quotes, spelled as json.dumps(ensure_ascii=False) does. */
export function writePythonString(
  sink: ByteSink,
  source: Uint8Array,
  start: number,
  end: number,
  escaped: boolean,
): void {
  sink.byte(QUOTE);
  if (escaped) writeRespelled(sink, source, start, end);
  else sink.copy(source, start, end);
  sink.byte(QUOTE);
}

function writeRespelled(sink: ByteSink, source: Uint8Array, start: number, end: number): void {
  // No respelling is longer than what it stands for.
  sink.reserve(end - start + 16);
  let i = start;
  while (i < end) {
    const from = i;
    while (i < end && source[i] !== BACKSLASH) i++;
    sink.copy(source, from, i);
    if (i < end) i = writeEscape(sink, source, i);
  }
}

/** Respells one escape at `at`; answers where it ends. */
function writeEscape(sink: ByteSink, source: Uint8Array, at: number): number {
  const c = source[at + 1]!;
  if (c === 0x2f) {
    sink.byte(0x2f);
    return at + 2;
  }
  if (c !== 0x75) {
    sink.byte(BACKSLASH);
    sink.byte(c);
    return at + 2;
  }
  const [codePoint, next] = codePointAt(source, at);
  writeCodePoint(sink, codePoint);
  return next;
}

/** Code point of a `\u` escape, with its second half if there is one. */
function codePointAt(source: Uint8Array, at: number): [codePoint: number, next: number] {
  const unit = unitAt(source, at);
  if (unit >= 0xd800 && unit < 0xdc00 && source[at + 6] === BACKSLASH && source[at + 7] === 0x75) {
    const low = unitAt(source, at + 6);
    if (low >= 0xdc00 && low < 0xe000) return [0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), at + 12];
  }
  return [unit, at + 6];
}

function unitAt(source: Uint8Array, at: number): number {
  return (
    (hexValue(source[at + 2]!) << 12) |
    (hexValue(source[at + 3]!) << 8) |
    (hexValue(source[at + 4]!) << 4) |
    hexValue(source[at + 5]!)
  );
}

const shortEscapes = new Map([
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
]);

function writeCodePoint(sink: ByteSink, codePoint: number): void {
  const short = shortEscapes.get(codePoint);
  if (short !== undefined) return sink.ascii(short);
  // Half a surrogate pair has no bytes in UTF-8. Python fails to write it; its escape is valid JSON and loses nothing.
  if (codePoint < 0x20 || (codePoint >= 0xd800 && codePoint < 0xe000)) {
    let hex = '\\u';
    for (let shift = 12; shift >= 0; shift -= 4) hex += hexDigits[(codePoint >> shift) & 15]!;
    return sink.ascii(hex);
  }
  writeUtf8(sink, codePoint);
}

function writeUtf8(sink: ByteSink, codePoint: number): void {
  if (codePoint < 0x80) return sink.byte(codePoint);
  if (codePoint < 0x800) sink.byte(0xc0 | (codePoint >> 6));
  else {
    if (codePoint < 0x10000) sink.byte(0xe0 | (codePoint >> 12));
    else {
      sink.byte(0xf0 | (codePoint >> 18));
      sink.byte(0x80 | ((codePoint >> 12) & 63));
    }
    sink.byte(0x80 | ((codePoint >> 6) & 63));
  }
  sink.byte(0x80 | (codePoint & 63));
}

/**
 * Writes the string as the list that Python's splitlines(keepends=True) makes of it. `separator` stands between
 * two lines, quotes included.
 */
export function writeSplitLines(
  sink: ByteSink,
  source: Text,
  start: number,
  end: number,
  separator: Uint8Array,
): void {
  const { bytes } = source;
  sink.byte(QUOTE);
  let i = start;
  while ((i = sink.copyLine(source, i, end)) < end) {
    const next = writeUpToBreak(sink, bytes, i);
    // Negative: up to there, and a line ends there.
    i = Math.abs(next);
    if (next < 0 && i < end) sink.copySmall(separator);
  }
  sink.byte(QUOTE);
}

/** Writes all strings of a list as one. */
export function writeJoined(sink: ByteSink, source: Text, strings: JsonStrings): void {
  const { bytes } = source;
  sink.byte(QUOTE);
  let i = strings.start + 1;
  for (let n = 0; n < strings.count; n++) {
    while (bytes[i] !== QUOTE) i++;
    i = sink.copyPlain(source, i + 1);
    while (bytes[i] !== QUOTE) {
      sink.byte(BACKSLASH);
      sink.byte(bytes[i + 1]!);
      i = sink.copyPlain(source, i + 2);
    }
    i++;
  }
  sink.byte(QUOTE);
}

/** Second bytes of escapes that stay as they are, and end no line but for `\\n`. */
const isKept = new Uint8Array(256);
for (const c of [0x22, 0x5c, 0x62, 0x6e, 0x74]) isKept[c] = 1;

/** Where the next look is needed; negative if a line ends there. */
function writeUpToBreak(sink: ByteSink, source: Uint8Array, at: number): number {
  const c = source[at]!;
  if (c === BACKSLASH) {
    const second = source[at + 1]!;
    if (isKept[second] === 1) {
      sink.byte(BACKSLASH);
      sink.byte(second);
      return second === 0x6e ? -(at + 2) : at + 2;
    }
    const codePoint = escapedCodePoint(source, at);
    let next = writeEscape(sink, source, at);
    // CR LF is one end of line.
    if (codePoint === 0x0d && source[next] === BACKSLASH && escapedCodePoint(source, next) === 0x0a)
      next = writeEscape(sink, source, next);
    return endsLine(codePoint) ? -next : next;
  }
  if (c === 0xc2) {
    sink.copy(source, at, at + 2);
    return source[at + 1] === 0x85 ? -(at + 2) : at + 2;
  }
  sink.copy(source, at, at + 3);
  const isSeparator = source[at + 1] === 0x80 && (source[at + 2] === 0xa8 || source[at + 2] === 0xa9);
  return isSeparator ? -(at + 3) : at + 3;
}

function escapedCodePoint(source: Uint8Array, at: number): number {
  switch (source[at + 1]) {
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x66:
      return 0x0c;
    case 0x75:
      return unitAt(source, at);
    default:
      return 0;
  }
}

function endsLine(codePoint: number): boolean {
  return (
    (codePoint >= 0x0a && codePoint <= 0x0d) ||
    (codePoint >= 0x1c && codePoint <= 0x1e) ||
    codePoint === 0x85 ||
    codePoint === 0x2028 ||
    codePoint === 0x2029
  );
}

/** Writes the bytes that the string stands for. False if it holds half a surrogate pair, which has none (it is left out). */
export function writeUnescaped(sink: ByteSink, source: Text, text: JsonString): boolean {
  if (!text.escaped) {
    sink.copy(source.bytes, text.start, text.end);
    return true;
  }
  return writeUnescapedUpToQuote(sink, source, text.start) > 0;
}

/** Writes the bytes that all strings of a list stand for. `onText` is called after each. */
export function writeUnescapedStrings(
  sink: ByteSink,
  source: Text,
  strings: JsonStrings,
  onText: () => void,
): void {
  let i = strings.start + 1;
  for (let n = 0; n < strings.count; n++) {
    while (source.bytes[i] !== QUOTE) i++;
    i = Math.abs(writeUnescapedUpToQuote(sink, source, i + 1)) + 1;
    onText();
  }
}

/** Where the closing quote is; negative if half a surrogate pair was left out. */
function writeUnescapedUpToQuote(sink: ByteSink, source: Text, start: number): number {
  const { bytes } = source;
  let complete = true;
  let i = start;
  for (;;) {
    i = sink.copyPlain(source, i);
    if (bytes[i] === QUOTE) return complete ? i : -i;
    if (bytes[i + 1] !== 0x75) {
      sink.byte(unescapedByte(bytes[i + 1]!));
      i += 2;
      continue;
    }
    const [codePoint, next] = codePointAt(bytes, i);
    if (codePoint >= 0xd800 && codePoint < 0xe000) complete = false;
    else writeUtf8(sink, codePoint);
    i = next;
  }
}

function unescapedByte(c: number): number {
  switch (c) {
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return c;
  }
}

/** Writes valid UTF-8 as a JSON string with its quotes. */
export function writeEscapedText(sink: ByteSink, text: Uint8Array): void {
  sink.reserve(text.length + (text.length >> 4) + 2);
  sink.byte(QUOTE);
  let i = 0;
  while (i < text.length) {
    const from = i;
    let c = 0x20;
    while (i < text.length && (c = text[i]!) >= 0x20 && c !== QUOTE && c !== BACKSLASH) i++;
    sink.copy(text, from, i);
    if (i < text.length) {
      writeCodePoint(sink, c);
      i++;
    }
  }
  sink.byte(QUOTE);
}
