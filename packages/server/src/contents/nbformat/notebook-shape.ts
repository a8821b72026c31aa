// Which strings of a notebook are kept as lists of lines on disk, and as one string in memory (nbformat v4).
import type { JsonDocument, JsonNode, JsonObject } from './json-document.ts';
import { textOf } from './json-document.ts';

const splitMimeTypes = new Set(['application/javascript', 'image/svg+xml']);

export function isSplitOnDisk(mimeType: string): boolean {
  return mimeType.startsWith('text/') || splitMimeTypes.has(mimeType);
}

/** A JSON mime type's value is any JSON: never split, never joined. */
export function isJsonMimeType(mimeType: string): boolean {
  return (
    mimeType === 'application/json' || (mimeType.startsWith('application/') && mimeType.endsWith('+json'))
  );
}

export function member(node: JsonNode | undefined, key: string): JsonNode | undefined {
  return node?.kind === 'object' ? node.members.get(key) : undefined;
}

export function memberText(
  document: JsonDocument,
  node: JsonNode | undefined,
  key: string,
): string | undefined {
  return textOf(document, member(node, key));
}

export function itemsOf(node: JsonNode | undefined): readonly JsonNode[] {
  return node?.kind === 'array' ? node.items : [];
}

/** The integer of a number node, undefined for anything else. */
export function integerOf(document: JsonDocument, node: JsonNode | undefined): number | undefined {
  if (node?.kind !== 'number') return undefined;
  const value = Number(Buffer.from(document.bytes.subarray(node.start, node.end)).toString('latin1'));
  return Number.isSafeInteger(value) ? value : undefined;
}

export interface NotebookVersion {
  readonly major: number;
  readonly minor: number;
}

/** A notebook that says nothing is version 1.0. */
export function versionOf(document: JsonDocument, notebook: JsonObject): NotebookVersion {
  const major = notebook.members.get('nbformat');
  const minor = notebook.members.get('nbformat_minor');
  return {
    major: major === undefined ? 1 : (integerOf(document, major) ?? Number.NaN),
    minor: minor === undefined ? 0 : (integerOf(document, minor) ?? 0),
  };
}

export const transientMetadata = new Set(['orig_nbformat', 'orig_nbformat_minor', 'signature']);
