import { ByteSink } from './byte-sink.ts';
import type { JsonDocument, JsonNode, JsonObject } from './json-document.ts';
import { asciiOf, numbersOf, stringsOf } from './json-document.ts';
import { writePythonString, writeSplitLines } from './json-string.ts';
import { isSplitOnDisk, memberText, transientMetadata } from './notebook-shape.ts';
import { pythonNumber } from './python-number.ts';

/**
 * A v4 notebook as nbformat writes it to disk, byte for byte: json.dumps(indent=1, sort_keys=True,
 * ensure_ascii=False, separators=(",", ": ")), multi-line text split into lists, what is not to be stored
 * left out, a newline at the end.
 */
export function writeNotebook(document: JsonDocument, notebook: JsonObject): Buffer {
  const writer = new Writer(document, notebook.end - notebook.start);
  writer.notebook(notebook);
  writer.sink.byte(0x0a);
  return writer.sink.view();
}

/** Order of code points, which is Python's; JavaScript's own is that of UTF-16 units. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xe000;
}

/** Indices of an object's members in the order of their keys. */
export function keyOrder(keys: readonly string[]): readonly number[] {
  let isSorted = true;
  for (let i = 1; i < keys.length && isSorted; i++) isSorted = keys[i - 1]! < keys[i]!;
  const indices = ascending(keys.length);
  // UTF-16 order is that of code points unless surrogates are involved, which no ordinary key has.
  if (isSorted && !keys.some(hasSurrogate)) return indices;
  return indices.toSorted((a, b) => compareCodePoints(keys[a]!, keys[b]!));
}

const ascendingIndices: number[][] = [];

function ascending(length: number): readonly number[] {
  if (length > 64) return Array.from({ length }, (_, i) => i);
  return (ascendingIndices[length] ??= Array.from({ length }, (_, i) => i));
}

function hasSurrogate(key: string): boolean {
  for (let i = 0; i < key.length; i++) if (isSurrogate(key.charCodeAt(i))) return true;
  return false;
}

type Write = (key: string, value: JsonNode, level: number) => void;

class Writer {
  readonly sink: ByteSink;
  private readonly document: JsonDocument;
  private readonly separators: string[] = [];
  private readonly newlines: string[] = [];
  private readonly lineSeparators: Uint8Array[] = [];

  constructor(document: JsonDocument, size: number) {
    this.document = document;
    // Short lines, each with quotes and an indent. Memory that is never written costs nothing, growing costs a copy.
    this.sink = new ByteSink(size + (size >> 1) + 1024);
  }

  notebook(notebook: JsonObject): void {
    this.object(notebook, 0, (key, value, level) => {
      if (key === 'metadata' && value.kind === 'object')
        this.object(value, level, (_, v, l) => this.value(v, l), transientMetadata);
      else if (key === 'cells' && value.kind === 'array')
        this.array(value.items, level, (cell) => this.cell(cell, level + 1));
      else this.value(value, level);
    });
  }

  private cell(cell: JsonNode, level: number): void {
    if (cell.kind !== 'object') return this.value(cell, level);
    const isCode = memberText(this.document, cell, 'cell_type') === 'code';
    this.object(cell, level, (key, value, at) => {
      if (key === 'source') this.lines(value, at);
      else if (key === 'metadata' && value.kind === 'object')
        this.object(value, at, (_, v, l) => this.value(v, l), trustedOnly);
      else if (key === 'attachments' && value.kind === 'object')
        this.object(value, at, (_, bundle, l) => this.mimeBundle(bundle, l));
      else if (key === 'outputs' && isCode && value.kind === 'array')
        this.array(value.items, at, (output) => this.output(output, at + 1));
      else this.value(value, at);
    });
  }

  private output(output: JsonNode, level: number): void {
    if (output.kind !== 'object') return this.value(output, level);
    const type = memberText(this.document, output, 'output_type');
    this.object(output, level, (key, value, at) => {
      if (key === 'data' && (type === 'execute_result' || type === 'display_data'))
        this.mimeBundle(value, at);
      else if (key === 'text' && type === 'stream') this.lines(value, at);
      else this.value(value, at);
    });
  }

  private mimeBundle(bundle: JsonNode, level: number): void {
    if (bundle.kind !== 'object') return this.value(bundle, level);
    this.object(bundle, level, (key, value, at) => {
      if (isSplitOnDisk(key)) this.lines(value, at);
      else this.value(value, at);
    });
  }

  /** A string as a list of lines; anything else as it is. */
  private lines(node: JsonNode, level: number): void {
    if (node.kind !== 'string') return this.value(node, level);
    if (node.start === node.end) return this.sink.ascii('[]');
    const { sink } = this;
    sink.byte(0x5b);
    sink.ascii(this.newline(level + 1));
    writeSplitLines(sink, this.document, node.start, node.end, this.lineSeparator(level + 1));
    sink.ascii(this.newline(level));
    sink.byte(0x5d);
  }

  private value(node: JsonNode, level: number): void {
    const { sink } = this;
    const { bytes } = this.document;
    switch (node.kind) {
      case 'string':
        return writePythonString(sink, bytes, node.start, node.end, node.escaped);
      case 'added':
        return sink.ascii(`"${node.value}"`);
      case 'number':
        if (isPlainInteger(bytes, node.start, node.end)) return sink.copy(bytes, node.start, node.end);
        return sink.ascii(pythonNumber(asciiOf(bytes, node)));
      case 'object':
        return this.object(node, level, (_, value, at) => this.value(value, at));
      case 'array':
        return this.array(node.items, level, (item) => this.value(item, level + 1));
      case 'numbers': {
        let separator = `[${this.newline(level + 1)}`;
        for (const number of numbersOf(bytes, node)) {
          sink.ascii(separator);
          this.value(number, level + 1);
          separator = this.separator(level + 1);
        }
        sink.ascii(this.newline(level));
        return sink.byte(0x5d);
      }
      case 'strings': {
        let separator = `[${this.newline(level + 1)}`;
        for (const text of stringsOf(bytes, node)) {
          sink.ascii(separator);
          writePythonString(sink, bytes, text.start, text.end, text.escaped);
          separator = this.separator(level + 1);
        }
        sink.ascii(this.newline(level));
        return sink.byte(0x5d);
      }
      default:
        return sink.ascii(node.kind);
    }
  }

  private object(
    node: JsonObject,
    level: number,
    write: Write,
    without: ReadonlySet<string> = nothing,
  ): void {
    const { sink } = this;
    let separator = `{${this.newline(level + 1)}`;
    const { keys, values } = node;
    for (const i of keyOrder(keys)) {
      const key = keys[i]!;
      if (without.has(key)) continue;
      sink.ascii(separator);
      sink.key(key);
      sink.ascii(': ');
      write(key, values[i]!, level + 1);
      separator = this.separator(level + 1);
    }
    if (separator.startsWith('{')) return sink.ascii('{}');
    sink.ascii(this.newline(level));
    sink.byte(0x7d);
  }

  private array(items: readonly JsonNode[], level: number, write: (item: JsonNode) => void): void {
    if (items.length === 0) return this.sink.ascii('[]');
    let separator = `[${this.newline(level + 1)}`;
    for (const item of items) {
      this.sink.ascii(separator);
      write(item);
      separator = this.separator(level + 1);
    }
    this.sink.ascii(this.newline(level));
    this.sink.byte(0x5d);
  }

  private newline(level: number): string {
    return (this.newlines[level] ??= `\n${' '.repeat(level)}`);
  }

  private lineSeparator(level: number): Uint8Array {
    return (this.lineSeparators[level] ??= Buffer.from(`"${this.separator(level)}"`));
  }

  private separator(level: number): string {
    return (this.separators[level] ??= `,${this.newline(level)}`);
  }
}

/** An integer without a sign, which every language spells the same. */
function isPlainInteger(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! < 0x30 || bytes[i]! > 0x39) return false;
  return true;
}

const nothing: ReadonlySet<string> = new Set();
const trustedOnly: ReadonlySet<string> = new Set(['trusted']);
