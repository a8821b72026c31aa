import { skipPlain, viewOf } from './byte-scan.ts';
import { hexValue } from './hex-value.ts';
import { beginsNumber, decodeString, isDigit } from './json-document.ts';
import type {
  JsonArray,
  JsonDocument,
  JsonLiteral,
  JsonNode,
  JsonNumber,
  JsonNumbers,
  JsonObject,
  JsonStrings,
} from './json-document.ts';
import { JsonSyntaxError, JsonTooManyValuesError } from './json-syntax-error.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Deeper nesting is refused: walking it would take as many stack frames. CPython refuses about as much. */
export const maxJsonDepth = 900;

/**
 * Parses `bytes[0, length)`, which must be valid UTF-8; `bytes[length]` must be 0, so that scanning a string
 * needs no check of bounds. `maxValues` bounds the memory of the tree: V8 ends the whole process, not only a thread, when
 * a heap is full. Lists of strings and lists of numbers count as one value. Accepts what Python's json does: NaN, Infinity and -Infinity as well.
 */
export function parseJson(bytes: Uint8Array, length: number, maxValues = Infinity): JsonDocument {
  if (bytes[length] !== 0) throw new RangeError('parseJson needs a 0 behind the text');
  const parser = new Parser(bytes, length, maxValues);
  const root = parser.document();
  return { bytes: parser.bytes, view: parser.view, root, hasNonFinite: parser.hasNonFinite };
}

/** Copies a text into a buffer that `parseJson` takes. */
export function withSentinel(text: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(text.length + 1);
  bytes.set(text);
  bytes[text.length] = 0;
  return bytes;
}

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
  readonly view: DataView;
  private readonly length: number;

  private readonly maxValues: number;

  constructor(bytes: Uint8Array, length: number, maxValues: number) {
    this.maxValues = maxValues;
    this.bytes = bytes;
    this.view = viewOf(bytes);
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
      i = skipPlain(bytes, this.view, i);
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
