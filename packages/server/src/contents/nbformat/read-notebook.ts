import { ByteSink } from './byte-sink.ts';
import type { JsonDocument, JsonNode, JsonObject } from './json-document.ts';
import { numbersOf } from './json-document.ts';
import { writeJoined } from './json-string.ts';
import { isJsonMimeType, memberText, transientMetadata } from './notebook-shape.ts';

/**
 * A v4 notebook as a client gets it: lists of lines joined, what is not to be stored left out, every code cell
 * marked as trusted or not. NaN and Infinity, which no browser reads, become null.
 */
export function writeForClient(
  document: JsonDocument,
  notebook: JsonObject,
  options: { trusted: boolean; into?: ByteSink },
): ByteSink {
  const sink = options.into ?? new ByteSink(notebook.end - notebook.start + 1024);
  new ClientWriter(document, sink, options.trusted).notebook(notebook);
  return sink;
}

type Write = (key: string, value: JsonNode) => void;

class ClientWriter {
  private readonly sink: ByteSink;
  private readonly document: JsonDocument;
  private readonly trusted: boolean;

  constructor(document: JsonDocument, sink: ByteSink, trusted: boolean) {
    this.document = document;
    this.sink = sink;
    this.trusted = trusted;
  }

  notebook(notebook: JsonObject): void {
    this.object(notebook, (key, value) => {
      if (key === 'metadata' && value.kind === 'object')
        this.object(value, (_, v) => this.value(v), transientMetadata);
      else if (key === 'cells' && value.kind === 'array') this.array(value.items, (cell) => this.cell(cell));
      else this.value(value);
    });
  }

  private cell(cell: JsonNode): void {
    if (cell.kind !== 'object') return this.value(cell);
    const isCode = memberText(this.document, cell, 'cell_type') === 'code';
    this.object(cell, (key, value) => {
      if (key === 'source') this.joined(value);
      else if (key === 'metadata' && value.kind === 'object')
        this.object(value, (_, v) => this.value(v), trustedOnly, isCode ? `"trusted":${this.trusted}` : '');
      else if (key === 'attachments' && value.kind === 'object')
        this.object(value, (_, bundle) => this.mimeBundle(bundle));
      else if (key === 'outputs' && isCode && value.kind === 'array')
        this.array(value.items, (output) => this.output(output));
      else this.value(value);
    });
  }

  private output(output: JsonNode): void {
    if (output.kind !== 'object') return this.value(output);
    const type = memberText(this.document, output, 'output_type');
    const isRich = type === 'execute_result' || type === 'display_data';
    this.object(output, (key, value) => {
      if (key === 'data' && isRich) this.mimeBundle(value);
      else if (key === 'text' && !isRich) this.joined(value);
      else this.value(value);
    });
  }

  private mimeBundle(bundle: JsonNode): void {
    if (bundle.kind !== 'object') return this.value(bundle);
    this.object(bundle, (key, value) => {
      if (isJsonMimeType(key)) this.value(value);
      else this.joined(value);
    });
  }

  private joined(node: JsonNode): void {
    if (node.kind === 'array' && node.items.length === 0) return this.sink.ascii('""');
    if (node.kind !== 'strings') return this.value(node);
    writeJoined(this.sink, this.document, node);
  }

  private value(node: JsonNode): void {
    const { sink } = this;
    const { bytes, hasNonFinite } = this.document;
    switch (node.kind) {
      case 'string':
        return sink.copy(bytes, node.start - 1, node.end + 1);
      case 'added':
        return sink.ascii(`"${node.value}"`);
      case 'number': {
        const c = bytes[node.end - 1]!;
        return c === 0x79 || c === 0x4e ? sink.ascii('null') : sink.copy(bytes, node.start, node.end);
      }
      case 'object':
        if (hasNonFinite) return this.object(node, (_, value) => this.value(value));
        return sink.copy(bytes, node.start, node.end);
      case 'array':
        if (hasNonFinite) return this.array(node.items, (item) => this.value(item));
        return sink.copy(bytes, node.start, node.end);
      case 'numbers':
        if (hasNonFinite) return this.array([...numbersOf(bytes, node)], (item) => this.value(item));
        return sink.copy(bytes, node.start, node.end);
      case 'strings':
        return sink.copy(bytes, node.start, node.end);
      default:
        return sink.ascii(node.kind);
    }
  }

  private object(node: JsonObject, write: Write, without: ReadonlySet<string> = nothing, extra = ''): void {
    const { sink } = this;
    sink.byte(0x7b);
    sink.ascii(extra);
    let isFirst = extra === '';
    const { keys, values } = node;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      if (without.has(key)) continue;
      if (!isFirst) sink.byte(0x2c);
      isFirst = false;
      sink.key(key);
      sink.byte(0x3a);
      write(key, values[i]!);
    }
    sink.byte(0x7d);
  }

  private array(items: readonly JsonNode[], write: (item: JsonNode) => void): void {
    const { sink } = this;
    sink.byte(0x5b);
    items.forEach((item, index) => {
      if (index > 0) sink.byte(0x2c);
      write(item);
    });
    sink.byte(0x5d);
  }
}

const nothing: ReadonlySet<string> = new Set();
const trustedOnly: ReadonlySet<string> = new Set(['trusted']);
