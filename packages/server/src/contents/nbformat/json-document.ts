// A JSON text as a light tree over its own bytes. A notebook of 50 MB is nearly all strings; here they stay
// where they are (offsets), so reading, signing and writing it copy bytes instead of building and
// collecting millions of JavaScript strings, and a number keeps the spelling that it was sent in
// (1.0, 1e16, integers beyond 2^53), which JSON.parse would lose.

import { isAligned, skipPlain, wordsOf } from './byte-scan.ts';

export interface JsonObject {
  readonly kind: 'object';
  readonly start: number;
  readonly end: number;
  /** No key twice: the last of several equal ones counts, as in Python's json. */
  readonly keys: string[];
  readonly values: JsonNode[];
}
interface JsonArray {
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
interface JsonLiteral {
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
  readonly words: Int32Array;
  readonly root: JsonNode;
  /** Whether NaN or Infinity occur, which Python writes and no browser reads. */
  readonly hasNonFinite: boolean;
}

/** The text is not JSON. Messages end like Python's: `line 1 column 2 (char 1)`. */
export class JsonSyntaxError extends Error {
  constructor(what: string, bytes: Uint8Array, at: number) {
    let line = 1;
    let lineStart = 0;
    for (let i = 0; i < at; i++) {
      if (bytes[i] === 0x0a) {
        line++;
        lineStart = i + 1;
      }
    }
    super(`${what}: line ${line} column ${at - lineStart + 1} (char ${at})`);
    this.name = 'JsonSyntaxError';
  }
}

/** The text has more values than fit in memory as a tree. */
export class JsonTooManyValuesError extends Error {}

/** Deeper nesting is refused: walking it would take as many stack frames. CPython refuses about as much. */
export const maxJsonDepth = 900;

/**
 * Parses `bytes[0, length)`, which must be valid UTF-8; `bytes[length]` must be 0, so that scanning a string
 * needs no check of bounds. `maxValues` bounds the memory of the tree: V8 ends the whole process, not only a thread, when
 * a heap is full. Lists of strings and lists of numbers count as one value. Accepts what Python's json does: NaN, Infinity and -Infinity as well.
 */
export function parseJson(bytes: Uint8Array, length: number, maxValues = Infinity): JsonDocument {
  if (bytes[length] !== 0) throw new RangeError('parseJson needs a 0 behind the text');
  const parser = new Parser(
    isAligned(bytes) ? bytes : withSentinel(bytes.subarray(0, length)),
    length,
    maxValues,
  );
  const root = parser.document();
  return { bytes: parser.bytes, words: parser.words, root, hasNonFinite: parser.hasNonFinite };
}

/** Copies a text into a buffer that `parseJson` takes. */
export function withSentinel(text: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(text.length + 1);
  bytes.set(text);
  bytes[text.length] = 0;
  return bytes;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const literals: Record<string, JsonLiteral> = {
  true: { kind: 'true' },
  false: { kind: 'false' },
  null: { kind: 'null' },
};

class Parser {
  hasNonFinite = false;
  private pos = 0;
  private depth = 0;
  private count = 0;
  private escaped = false;
  private readonly known: (string | undefined)[] = Array.from({ length: 512 });
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  private readonly length: number;

  private readonly maxValues: number;

  constructor(bytes: Uint8Array, length: number, maxValues: number) {
    this.maxValues = maxValues;
    this.bytes = bytes;
    this.words = wordsOf(bytes);
    this.length = length;
  }

  document(): JsonNode {
    this.skipSpace();
    const root = this.value();
    this.skipSpace();
    if (this.pos < this.length) this.fail('Extra data');
    return root;
  }

  private value(): JsonNode {
    if (++this.count > this.maxValues)
      throw new JsonTooManyValuesError(`it has more than ${this.maxValues} values (maxJsonValues)`);
    const c = this.bytes[this.pos]!;
    switch (c) {
      case QUOTE: {
        const start = this.pos + 1;
        const end = this.scanString();
        return { kind: 'string', start, end, escaped: this.escaped };
      }
      case 0x7b:
        return this.object();
      case 0x5b:
        return this.array();
      case 0x74:
        return this.literal('true');
      case 0x66:
        return this.literal('false');
      case 0x6e:
        return this.literal('null');
      default:
        return this.number(c);
    }
  }

  private object(): JsonObject {
    this.enter();
    const start = this.pos++;
    const keys: string[] = [];
    const values: JsonNode[] = [];
    let seen = 0;
    this.skipSpace();
    if (this.bytes[this.pos] !== 0x7d) {
      for (;;) {
        if (this.bytes[this.pos] !== QUOTE) this.fail('Expecting property name enclosed in double quotes');
        const key = this.key();
        this.skipSpace();
        if (this.bytes[this.pos] !== 0x3a) this.fail("Expecting ':' delimiter");
        this.pos++;
        this.skipSpace();
        const value = this.value();
        // Most keys are new; a bit for each length and first letter spares nearly all comparisons.
        const bit = 1 << ((key.length * 7 + key.charCodeAt(0)) & 31);
        const at = (seen & bit) === 0 ? -1 : keys.indexOf(key);
        seen |= bit;
        if (at < 0) {
          keys.push(key);
          values.push(value);
        } else values[at] = value;
        this.skipSpace();
        const c = this.bytes[this.pos];
        if (c === 0x7d) break;
        if (c !== 0x2c) this.fail("Expecting ',' delimiter");
        this.pos++;
        this.skipSpace();
      }
    }
    this.pos++;
    this.depth--;
    return { kind: 'object', start, end: this.pos, keys, values };
  }

  private array(): JsonArray | JsonStrings | JsonNumbers {
    this.enter();
    const start = this.pos++;
    this.skipSpace();
    const first = this.bytes[this.pos]!;
    const kind = first === QUOTE ? 'strings' : beginsNumber(first) ? 'numbers' : undefined;
    if (kind !== undefined) {
      const count = this.allOf(kind);
      if (count > 0) {
        this.depth--;
        return { kind, start, end: this.pos, count };
      }
      this.pos = start + 1;
      this.skipSpace();
    }
    const items: JsonNode[] = [];
    if (this.bytes[this.pos] !== 0x5d) {
      for (;;) {
        items.push(this.value());
        this.skipSpace();
        const c = this.bytes[this.pos];
        if (c === 0x5d) break;
        if (c !== 0x2c) this.fail("Expecting ',' delimiter");
        this.pos++;
        this.skipSpace();
      }
    }
    this.pos++;
    this.depth--;
    return { kind: 'array', start, end: this.pos, items };
  }

  /** How many strings, or numbers, follow up to the closing bracket; 0 if there is something else among them. */
  private allOf(kind: 'strings' | 'numbers'): number {
    let count = 0;
    for (;;) {
      const first = this.bytes[this.pos]!;
      if (kind === 'strings') {
        if (first !== QUOTE) return 0;
        this.scanString();
      } else {
        if (!beginsNumber(first)) return 0;
        this.scanNumber(first);
      }
      count++;
      this.skipSpace();
      const c = this.bytes[this.pos];
      this.pos++;
      if (c === 0x5d) return count;
      if (c !== 0x2c) return 0;
      this.skipSpace();
    }
  }

  /** Steps over a string from its opening quote; answers where its closing quote is. */
  private scanString(): number {
    const { bytes } = this;
    let i = this.pos + 1;
    this.escaped = false;
    for (;;) {
      i = skipPlain(bytes, this.words, i);
      const c = bytes[i]!;
      if (c === QUOTE) {
        this.pos = i + 1;
        return i;
      }
      if (c !== BACKSLASH) {
        if (i >= this.length) this.fail('Unterminated string starting at');
        this.pos = i;
        this.fail('Invalid control character at');
      }
      this.escaped = true;
      i = this.skipEscape(i);
    }
  }

  private skipEscape(at: number): number {
    const { bytes } = this;
    switch (bytes[at + 1]) {
      case 0x75: // u
        for (let k = at + 2; k < at + 6; k++) {
          if (hexValue(bytes[k]!) < 0) {
            this.pos = at;
            this.fail('Invalid \\uXXXX escape');
          }
        }
        return at + 6;
      case 0x22:
      case 0x5c:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return at + 2;
      default:
        this.pos = at;
        return this.fail('Invalid \\escape');
    }
  }

  // The same dozen keys come thousands of times: found again by a hash instead of decoded again.
  private key(): string {
    const start = this.pos + 1;
    const end = this.scanString();
    if (this.escaped) return decodeString(this.bytes, start, end);
    const { bytes } = this;
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (hash * 31 + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 9)) & 511;
    const known = this.known[slot];
    if (known !== undefined && known.length === end - start) {
      let i = 0;
      while (i < known.length && known.charCodeAt(i) === bytes[start + i]) i++;
      if (i === known.length) return known;
    }
    const key = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
    // Only ASCII keys are comparable byte by code unit.
    if (key.length === end - start) this.known[slot] = key;
    return key;
  }

  private number(first: number): JsonNumber {
    const start = this.pos;
    this.scanNumber(first);
    return { kind: 'number', start, end: this.pos };
  }

  private scanNumber(first: number): void {
    const { bytes } = this;
    const start = this.pos;
    let i = start;
    if (first === 0x2d) i++;
    const c = bytes[i]!;
    if (c === 0x30) i++;
    else if (c >= 0x31 && c <= 0x39) {
      do i++;
      while (isDigit(bytes[i]!));
    } else return this.nonFinite(start);
    if (bytes[i] === 0x2e && isDigit(bytes[i + 1]!)) {
      i += 2;
      while (isDigit(bytes[i]!)) i++;
    }
    if (bytes[i] === 0x65 || bytes[i] === 0x45) {
      let k = i + 1;
      if (bytes[k] === 0x2b || bytes[k] === 0x2d) k++;
      if (isDigit(bytes[k]!)) {
        do k++;
        while (isDigit(bytes[k]!));
        i = k;
      }
    }
    this.pos = i;
  }

  private nonFinite(start: number): void {
    for (const word of ['NaN', 'Infinity', '-Infinity']) {
      if (this.isNext(word)) {
        this.hasNonFinite = true;
        this.pos = start + word.length;
        return;
      }
    }
    this.fail('Expecting value');
  }

  private literal(word: 'true' | 'false' | 'null'): JsonLiteral {
    if (!this.isNext(word)) this.fail('Expecting value');
    this.pos += word.length;
    return literals[word]!;
  }

  private isNext(word: string): boolean {
    for (let i = 0; i < word.length; i++) if (this.bytes[this.pos + i] !== word.charCodeAt(i)) return false;
    return true;
  }

  private skipSpace(): void {
    const { bytes } = this;
    let i = this.pos;
    for (;;) {
      const c = bytes[i]!;
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
      i++;
    }
    this.pos = i;
  }

  private enter(): void {
    if (++this.depth > maxJsonDepth) this.fail(`Nested deeper than ${maxJsonDepth} levels`);
  }

  private fail(what: string): never {
    throw new JsonSyntaxError(what, this.bytes, this.pos);
  }
}

/** Digits, a minus, NaN and Infinity. */
function beginsNumber(c: number): boolean {
  return isDigit(c) || c === 0x2d || c === 0x4e || c === 0x49;
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

/** Value of a hexadecimal digit, -1 for anything else. */
export function hexValue(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  if (c >= 0x61 && c <= 0x66) return c - 0x57;
  if (c >= 0x41 && c <= 0x46) return c - 0x37;
  return -1;
}

/** A string's value. Lone surrogates stay what they are. */
function decodeString(bytes: Uint8Array, start: number, end: number): string {
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

/** As JSON.parse would give it, but for numbers that it would change, which stay as they were written. */
export function toPlain(document: JsonDocument, node: JsonNode): unknown {
  switch (node.kind) {
    case 'object': {
      const plainObject: Record<string, unknown> = {};
      for (let i = 0; i < node.keys.length; i++) {
        // `__proto__` is an ordinary key of JSON.
        Object.defineProperty(plainObject, node.keys[i]!, {
          value: toPlain(document, node.values[i]!),
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      return plainObject;
    }
    case 'array':
    case 'strings':
    case 'numbers':
      return Array.from(elementsOf(document.bytes, node), (item) => toPlain(document, item));
    case 'string':
    case 'added':
      return textOf(document, node);
    case 'number':
      return new RawJson(asciiOf(document.bytes, node));
    case 'true':
      return true;
    case 'false':
      return false;
    case 'null':
      return null;
  }
}

/** A piece of JSON as it was written, for what plain values would change: numbers. */
export class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The inverse of `toPlain`: plain values as JSON text. */
export function fromPlain(value: unknown): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => fromPlain(item)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${fromPlain(member)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
