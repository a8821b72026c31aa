/** Rows and columns of a client's window. */
export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

export type TerminalMessage =
  | { readonly type: 'stdin'; readonly text: string }
  | { readonly type: 'setSize'; readonly size: TerminalSize | undefined }
  /** What terminado would not know either. */
  | { readonly type: 'unknown' };

/** No screen is larger, and each row and column costs the program in the terminal memory. */
const largestSize: TerminalSize = { rows: 1000, cols: 2000 };

/** Reads a frame of a client, `["stdin", text]` or `["set_size", rows, cols, …]`. Undefined if it is no JSON array like that. */
export function parseTerminalMessage(frame: string): TerminalMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(frame);
  } catch {
    return undefined;
  }
  if (!Array.isArray(message) || typeof message[0] !== 'string') return undefined;
  const [type, first, second] = message as [string, unknown, unknown];
  switch (type) {
    case 'stdin':
      return typeof first === 'string' ? { type, text: first } : undefined;
    case 'set_size':
      return { type: 'setSize', size: sizeOf(first, second) };
    default:
      return { type: 'unknown' };
  }
}

/** A hidden window has no size, or one of 0 by 0: then it does not count. */
function sizeOf(rows: unknown, cols: unknown): TerminalSize | undefined {
  if (typeof rows !== 'number' || typeof cols !== 'number' || !(rows >= 1 && cols >= 1)) return undefined;
  return {
    rows: Math.min(Math.floor(rows), largestSize.rows),
    cols: Math.min(Math.floor(cols), largestSize.cols),
  };
}

/** A terminal is as small as the smallest window that shows it, so that each shows all of it. */
export function smallestSize(sizes: Iterable<TerminalSize | undefined>): TerminalSize | undefined {
  let smallest: TerminalSize | undefined;
  for (const size of sizes) {
    if (size === undefined) continue;
    smallest = {
      rows: Math.min(size.rows, smallest?.rows ?? size.rows),
      cols: Math.min(size.cols, smallest?.cols ?? size.cols),
    };
  }
  return smallest;
}
