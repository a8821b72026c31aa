import type { Readable } from 'node:stream';
import { ServerError } from '../errors.ts';
import type { BodyBlocks } from './contents.ts';

/** Up to this size, a body that says its size is collected in one piece, so that nobody need join it. */
const maxWholeBytes = 64 * 1024 * 1024;
const firstBlockBytes = 64 * 1024;
const maxBlockBytes = 4 * 1024 * 1024;
/** Bodies that are parsed here and not in a worker: a name, a type. */
const maxSmallBytes = 64 * 1024;

/**
 * Collects a body in blocks that can be handed to a worker. What arrives is copied, because Node's own buffers share
 * memory. A block of the declared size costs no memory before the bytes come: the system gives it page by page.
 */
export async function readBody(
  payload: Readable,
  declaredBytes: number,
  maxBytes: number,
): Promise<BodyBlocks> {
  if (declaredBytes > maxBytes) throw tooLarge(maxBytes);
  const blocks: ArrayBuffer[] = [];
  let block = new Uint8Array(0);
  let used = 0;
  let length = 0;
  for await (const chunk of payload as AsyncIterable<Buffer>) {
    if (length + chunk.length > maxBytes) throw tooLarge(maxBytes);
    let at = 0;
    while (at < chunk.length) {
      if (used === block.length) {
        block = new Uint8Array(blockSize(declaredBytes, length));
        blocks.push(block.buffer);
        used = 0;
      }
      const size = Math.min(chunk.length - at, block.length - used);
      block.set(chunk.subarray(at, at + size), used);
      used += size;
      at += size;
      length += size;
    }
  }
  return { blocks, length };
}

// A whole body gets one byte more, which stays 0 and ends the text for parseJson.
function blockSize(declaredBytes: number, length: number): number {
  if (length === 0 && declaredBytes <= maxWholeBytes) return declaredBytes + 1;
  return Math.max(firstBlockBytes, Math.min(maxBlockBytes, length));
}

/** A small body's JSON object; undefined for no body. */
export function readJsonBody(body: unknown): Record<string, unknown> | undefined {
  const { blocks, length } = (body as BodyBlocks | undefined) ?? { blocks: [], length: 0 };
  if (length > maxSmallBytes) throw tooLarge(maxSmallBytes);
  const text = Buffer.concat(blocks.map((block) => new Uint8Array(block)))
    .subarray(0, length)
    .toString('utf8');
  if (text.trim() === '') return undefined;
  const value = parse(text);
  if (value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value))
    throw new ServerError('BAD_REQUEST', 'The body must be a JSON object');
  return value as Record<string, unknown>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ServerError('BAD_JSON', 'Invalid JSON in body of request', { cause: error });
  }
}

function tooLarge(maxBytes: number): ServerError {
  return new ServerError('TOO_LARGE', `The request is larger than ${maxBytes} bytes`);
}
