import { randomBytes } from 'node:crypto';
import type { JsonDocument, JsonNode, JsonObject } from './json-document.ts';
import { textOf } from './json-document.ts';
import { member, versionOf, withMember } from './notebook-shape.ts';

/**
 * Gives every cell of a v4.5 notebook an id that no other cell has, as nbformat does on reading and on writing.
 * The same notebook if they have.
 */
export function withCellIds(document: JsonDocument, notebook: JsonObject): JsonObject {
  const { major, minor } = versionOf(document, notebook);
  const cells = member(notebook, 'cells');
  if (major !== 4 || minor < 5 || cells?.kind !== 'array') return notebook;
  const seen = new Set<string>();
  let changed: JsonNode[] | undefined;
  cells.items.forEach((cell, index) => {
    if (cell.kind !== 'object') return;
    const id = member(cell, 'id');
    const text = textOf(document, id);
    // An id that is no string is for the validation to tell.
    if (id !== undefined && (text === undefined || !seen.has(text))) {
      if (text !== undefined) seen.add(text);
      return;
    }
    const added = newCellId();
    seen.add(added);
    changed ??= [...cells.items];
    changed[index] = withMember(cell, 'id', { kind: 'added', value: added });
  });
  return changed === undefined ? notebook : withMember(notebook, 'cells', { ...cells, items: changed });
}

export function newCellId(): string {
  return randomBytes(4).toString('hex');
}
