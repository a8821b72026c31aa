/** Where a text stops being JSON. Both count from 1. */
export interface JsonErrorPlace {
  readonly line: number;
  readonly column: number;
}

const token =
  // oxlint-disable-next-line no-control-regex -- JSON forbids these in a string (RFC 8259 §7)
  /[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const space = /[ \t\r\n]*/y;

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma' | 'end';

/**
 * Finds where a text that `JSON.parse` refused is wrong: its errors have a position in some versions of Node and for some
 * mistakes only. Undefined if the text is JSON.
 */
export function findJsonError(text: string): JsonErrorPlace | undefined {
  const open: ('{' | '[')[] = [];
  const afterValue = (): Expected => (open.length > 0 ? 'comma' : 'end');
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    space.lastIndex = at;
    at += space.exec(text)?.[0].length ?? 0;
    if (at === text.length) return expected === 'end' ? undefined : placeOf(text, at);
    token.lastIndex = at;
    const found: string | undefined = token.exec(text)?.[0];
    const next: Expected | undefined =
      found === undefined ? undefined : follow(expected, found, open, afterValue);
    if (found === undefined || next === undefined) return placeOf(text, at);
    expected = next;
    at += found.length;
  }
}

function follow(
  expected: Expected,
  found: string,
  open: ('{' | '[')[],
  afterValue: () => Expected,
): Expected | undefined {
  if ((found === '}' && expected === 'key or }') || (found === ']' && expected === 'value or ]')) {
    open.pop();
    return afterValue();
  }
  switch (expected) {
    case 'value':
    case 'value or ]':
      if (found === '{' || found === '[') {
        open.push(found);
        return found === '{' ? 'key or }' : 'value or ]';
      }
      return /^[}\],:]$/.test(found) ? undefined : afterValue();
    case 'key':
    case 'key or }':
      return found.startsWith('"') ? 'colon' : undefined;
    case 'colon':
      return found === ':' ? 'value' : undefined;
    case 'comma':
      if (found === ',') return open.at(-1) === '{' ? 'key' : 'value';
      if (found !== (open.at(-1) === '{' ? '}' : ']')) return undefined;
      open.pop();
      return afterValue();
    case 'end':
      return undefined;
  }
}

function placeOf(text: string, at: number): JsonErrorPlace {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: at - lineStart + 1 };
}
