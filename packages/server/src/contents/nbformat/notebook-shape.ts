// Which strings of a notebook are kept as lists of lines on disk, and as one string in memory (nbformat v4).
import type { JsonDocument, JsonNode, JsonObject } from './json-document.ts';
import { asciiOf, textOf } from './json-document.ts';

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
  if (node?.kind !== 'object') return undefined;
  const at = node.keys.indexOf(key);
  return at < 0 ? undefined : node.values[at];
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
  const value = Number(asciiOf(document.bytes, node));
  return Number.isSafeInteger(value) ? value : undefined;
}

export interface NotebookVersion {
  readonly major: number;
  readonly minor: number;
}

/** A notebook that says nothing is version 1.0. */
export function versionOf(document: JsonDocument, notebook: JsonObject): NotebookVersion {
  const major = member(notebook, 'nbformat');
  const minor = member(notebook, 'nbformat_minor');
  return {
    major: major === undefined ? 1 : (integerOf(document, major) ?? Number.NaN),
    minor: minor === undefined ? 0 : (integerOf(document, minor) ?? 0),
  };
}

export const transientMetadata = new Set(['orig_nbformat', 'orig_nbformat_minor', 'signature']);

/** An object with a member put in, in the place of one that was there. */
export function withMember(node: JsonObject, key: string, value: JsonNode): JsonObject {
  const at = node.keys.indexOf(key);
  if (at < 0) return { ...node, keys: [...node.keys, key], values: [...node.values, value] };
  return { ...node, values: node.values.with(at, value) };
}

/** An object without some of its members; the same one if it has none of these. */
export function withoutMembers(node: JsonObject, unwanted: ReadonlySet<string>): JsonObject {
  if (!node.keys.some((key) => unwanted.has(key))) return node;
  const kept = node.keys.map((_, i) => i).filter((i) => !unwanted.has(node.keys[i]!));
  return { ...node, keys: kept.map((i) => node.keys[i]!), values: kept.map((i) => node.values[i]!) };
}
