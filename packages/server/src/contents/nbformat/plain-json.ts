import { asciiOf, elementsOf, textOf } from './json-document.ts';
import type { JsonDocument, JsonNode } from './json-document.ts';

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
