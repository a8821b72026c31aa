import type { JsonDocument, JsonNode } from './json-document.ts';
import { asciiOf, elementsOf, textOf } from './json-document.ts';
import { pythonStr } from './python-number.ts';

const maxItems = 16;
const maxText = 64;

/** A value as Python's repr() shows it, with what is long cut short as nbformat's messages do. */
export function pythonRepr(document: JsonDocument, node: JsonNode): string {
  switch (node.kind) {
    case 'string':
    case 'added':
      return quoted(textOf(document, node) ?? '');
    case 'number':
      return pythonStr(asciiOf(document.bytes, node));
    case 'true':
      return 'True';
    case 'false':
      return 'False';
    case 'null':
      return 'None';
    case 'strings':
    case 'numbers':
    case 'array':
      return list(document, [...elementsOf(document.bytes, node)]);
    case 'object': {
      const members = node.keys.slice(0, maxItems).map((key, i) => {
        const value = node.values[i]!;
        const isLong =
          (key === 'cells' || key === 'outputs') && value.kind === 'array' && value.items.length > 0;
        return `${quoted(key)}: ${isLong ? `['...${value.items.length} ${key}...']` : pythonRepr(document, value)}`;
      });
      if (node.keys.length > maxItems) members.push(`'...': '${node.keys.length - maxItems} keys truncated'`);
      return `{${members.join(', ')}}`;
    }
  }
}

function list(document: JsonDocument, items: readonly JsonNode[]): string {
  const shown = items.slice(0, maxItems).map((item) => pythonRepr(document, item));
  if (items.length > maxItems) shown.push(`'...${items.length - maxItems} items truncated...'`);
  return `[${shown.join(', ')}]`;
}

function quoted(text: string): string {
  const short = text.length > maxText ? `${text.slice(0, maxText)}...` : text;
  const quote = short.includes("'") && !short.includes('"') ? '"' : "'";
  const escaped = JSON.stringify(short)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"');
  return quote + (quote === "'" ? escaped.replaceAll("'", String.raw`\'`) : escaped) + quote;
}
