// A JSON text as a light tree over its own bytes. A notebook of 50 MB is nearly all strings; here they stay
// where they are (offsets), so reading, signing and writing it copy bytes instead of building and
// collecting millions of JavaScript strings, and a number keeps the spelling that it was sent in
// (1.0, 1e16, integers beyond 2^53), which JSON.parse would lose.

export interface JsonObject {
  readonly kind: 'object';
  readonly start: number;
  readonly end: number;
  /** No key twice: the last of several equal ones counts, as in Python's json. */
  readonly keys: string[];
  readonly values: JsonNode[];
}
export interface JsonArray {
  readonly kind: 'array';
  readonly start: number;
  readonly end: number;
  readonly items: JsonNode[];
}
/** A non-empty array that holds strings only: kept as one node, because a notebook's text is split into millions of them. */
export interface JsonStrings {
  readonly kind: 'strings';
  readonly start: number;
  readonly end: number;
  readonly count: number;
}
/** A non-empty array that holds numbers only: plots are made of these. */
export interface JsonNumbers {
  readonly kind: 'numbers';
  readonly start: number;
  readonly end: number;
  readonly count: number;
}
/** `start` is behind the opening quote, `end` at the closing one. */
export interface JsonString {
  readonly kind: 'string';
  readonly start: number;
  readonly end: number;
  readonly escaped: boolean;
}
/** A string that is in no source text: what this server adds (cell ids). ASCII that needs no escapes. */
interface JsonAdded {
  readonly kind: 'added';
  readonly value: string;
}
export interface JsonNumber {
  readonly kind: 'number';
  readonly start: number;
  readonly end: number;
}
export interface JsonLiteral {
  readonly kind: 'true' | 'false' | 'null';
}
export type JsonNode =
  | JsonObject
  | JsonArray
  | JsonStrings
  | JsonNumbers
  | JsonString
  | JsonAdded
  | JsonNumber
  | JsonLiteral;

export interface JsonDocument {
  /** The text, with at least one byte 0 behind it. */
  readonly bytes: Uint8Array;
  /** The same text, to be read four bytes at a time. */
  readonly view: DataView;
  readonly root: JsonNode;
  /** Whether NaN or Infinity occur, which Python writes and no browser reads. */
  readonly hasNonFinite: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A string's value. Lone surrogates stay what they are. */
export function decodeString(bytes: Uint8Array, start: number, end: number): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
}

export function textOf(
  document: Pick<JsonDocument, 'bytes'>,
  node: JsonNode | undefined,
): string | undefined {
  if (node?.kind === 'string') return decodeString(document.bytes, node.start, node.end);
  return node?.kind === 'added' ? node.value : undefined;
}

/** The strings of a `strings` node, one after the other. */
export function* stringsOf(bytes: Uint8Array, node: JsonStrings): Generator<JsonString, void> {
  let i = node.start + 1;
  for (let n = 0; n < node.count; n++) {
    while (bytes[i] !== QUOTE) i++;
    const start = ++i;
    let escaped = false;
    while (bytes[i] !== QUOTE) {
      if (bytes[i] === BACKSLASH) {
        escaped = true;
        i++;
      }
      i++;
    }
    yield { kind: 'string', start, end: i, escaped };
    i++;
  }
}

/** The numbers of a `numbers` node, one after the other. */
export function* numbersOf(bytes: Uint8Array, node: JsonNumbers): Generator<JsonNumber, void> {
  let i = node.start + 1;
  for (let n = 0; n < node.count; n++) {
    while (!beginsNumber(bytes[i]!)) i++;
    const start = i;
    while (!endsNumber(bytes[i]!)) i++;
    yield { kind: 'number', start, end: i };
  }
}

function endsNumber(c: number): boolean {
  return c === 0x2c || c === 0x5d || c <= 0x20;
}

/** The elements of any array. */
export function elementsOf(bytes: Uint8Array, node: JsonNode): Iterable<JsonNode> {
  if (node.kind === 'array') return node.items;
  if (node.kind === 'strings') return stringsOf(bytes, node);
  return node.kind === 'numbers' ? numbersOf(bytes, node) : [];
}

/** A node's text, which must be ASCII: numbers. */
export function asciiOf(bytes: Uint8Array, node: { start: number; end: number }): string {
  let text = '';
  for (let i = node.start; i < node.end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** Digits, a minus, NaN and Infinity. */
export function beginsNumber(c: number): boolean {
  return isDigit(c) || c === 0x2d || c === 0x4e || c === 0x49;
}

export function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}
