// Whether a notebook's outputs were made by its user (then their HTML and scripts run when it is opened), in the way of
// nbformat's NotebookNotary, so that what was trusted there is trusted here.
import { createHmac } from 'node:crypto';
import type { Hmac } from 'node:crypto';
import { ByteSink } from './byte-sink.ts';
import type { JsonDocument, JsonNode, JsonObject } from './json-document.ts';
import { asciiOf, numbersOf } from './json-document.ts';
import { writeUnescaped, writeUnescapedStrings } from './json-string.ts';
import {
  itemsOf,
  member,
  memberText,
  transientMetadata,
  withMember,
  withoutMembers,
} from './notebook-shape.ts';
import { pythonStr } from './python-number.ts';
import { keyOrder } from './write-notebook.ts';

const blockBytes = 1024 * 1024;

/** HMAC-SHA256 over all keys and values in the order of the keys. Whether text is split into lines makes no difference. */
export function signatureOf(document: JsonDocument, notebook: JsonObject, secret: Uint8Array): string {
  const traversal = new Traversal(document, createHmac('sha256', secret));
  traversal.value(asSigned(notebook));
  return traversal.digest();
}

/** Marks of trust and of an earlier signature are not signed. */
function asSigned(notebook: JsonObject): JsonObject {
  const metadata = member(notebook, 'metadata');
  const cells = member(notebook, 'cells');
  let signed = notebook;
  if (metadata?.kind === 'object')
    signed = withMember(signed, 'metadata', withoutMembers(metadata, transientMetadata));
  if (cells?.kind !== 'array') return signed;
  return withMember(signed, 'cells', { ...cells, items: cells.items.map(withoutTrusted) });
}

const trustedOnly: ReadonlySet<string> = new Set(['trusted']);

function withoutTrusted(cell: JsonNode): JsonNode {
  const metadata = member(cell, 'metadata');
  if (cell.kind !== 'object' || metadata?.kind !== 'object') return cell;
  const stripped = withoutMembers(metadata, trustedOnly);
  return stripped === metadata ? cell : withMember(cell, 'metadata', stripped);
}

class Traversal {
  private readonly document: JsonDocument;
  private readonly hmac: Hmac;
  private readonly sink = new ByteSink(blockBytes + 64 * 1024);

  constructor(document: JsonDocument, hmac: Hmac) {
    this.document = document;
    this.hmac = hmac;
  }

  digest(): string {
    this.flush();
    return this.hmac.digest('hex');
  }

  value(node: JsonNode): void {
    const { sink } = this;
    const { bytes } = this.document;
    switch (node.kind) {
      case 'object':
        for (const i of keyOrder(node.keys)) {
          sink.utf8(node.keys[i]!);
          this.value(node.values[i]!);
        }
        break;
      case 'array':
        for (const item of node.items) this.value(item);
        break;
      case 'strings':
        writeUnescapedStrings(sink, this.document, node, this.flushFull);
        break;
      case 'numbers':
        for (const number of numbersOf(bytes, node)) this.value(number);
        break;
      case 'string':
        writeUnescaped(sink, this.document, node);
        break;
      case 'added':
        sink.ascii(node.value);
        break;
      case 'number':
        sink.ascii(pythonStr(asciiOf(bytes, node)));
        break;
      default:
        sink.ascii(pythonNames[node.kind]);
    }
    this.flushFull();
  }

  private readonly flushFull = (): void => {
    if (this.sink.length >= blockBytes) this.flush();
  };

  private flush(): void {
    this.hmac.update(this.sink.view());
    this.sink.length = 0;
  }
}

const pythonNames = { true: 'True', false: 'False', null: 'None' } as const;

const richOutputs = new Set(['execute_result', 'display_data']);
const safeKeys = new Set(['output_type', 'execution_count', 'metadata']);

/** Whether every code cell is marked as trusted by the client or has nothing that could do harm. */
export function isTrusted(document: JsonDocument, notebook: JsonObject): boolean {
  return itemsOf(member(notebook, 'cells')).every((cell) => {
    if (memberText(document, cell, 'cell_type') !== 'code') return true;
    return isTruthy(document, member(member(cell, 'metadata'), 'trusted')) || isHarmless(document, cell);
  });
}

function isHarmless(document: JsonDocument, cell: JsonNode): boolean {
  return itemsOf(member(cell, 'outputs')).every((output) => {
    if (output.kind !== 'object' || !richOutputs.has(memberText(document, output, 'output_type') ?? ''))
      return true;
    return output.keys.every((key) => safeKeys.has(key));
  });
}

function isTruthy(document: JsonDocument, node: JsonNode | undefined): boolean {
  switch (node?.kind) {
    case undefined:
    case 'false':
    case 'null':
      return false;
    case 'string':
      return node.end > node.start;
    case 'number':
      return Number(asciiOf(document.bytes, node)) !== 0;
    case 'object':
      return node.keys.length > 0;
    case 'array':
      return node.items.length > 0;
    default:
      return true;
  }
}
