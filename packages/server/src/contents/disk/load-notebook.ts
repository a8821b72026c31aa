import { isUtf8 } from 'node:buffer';
import { ContentsFailure } from './contents-failure.ts';
import type { ByteSink } from '../nbformat/byte-sink.ts';
import { JsonSyntaxError, parseJson, withSentinel } from '../nbformat/json-document.ts';
import type { JsonDocument, JsonObject } from '../nbformat/json-document.ts';
import { writeForClient } from '../nbformat/read-notebook.ts';
import type { Location } from './location.ts';
import type { DiskSettings } from './settings.ts';

export interface LoadedNotebook {
  readonly document: JsonDocument;
  readonly notebook: JsonObject;
  readonly message: string | undefined;
  write(sink: ByteSink): void;
}

/** Reads a notebook of any version as the newest. `bytes` has a 0 behind it in its memory. */
export function loadNotebook(bytes: Buffer, location: Location, _settings: DiskSettings): LoadedNotebook {
  const document = parseNotebook(bytes, location);
  const { root: notebook } = document;
  if (notebook.kind !== 'object') throw unreadable(location, 'it is not a JSON object');
  return {
    document,
    notebook,
    message: undefined,
    write: (sink) => void writeForClient(document, notebook, { trusted: false, into: sink }),
  };
}

function parseNotebook(bytes: Buffer, location: Location): JsonDocument {
  if (!isUtf8(bytes))
    throw new ContentsFailure('BAD_REQUEST', `${location.path} is not UTF-8 encoded`, {
      reason: 'bad format',
    });
  const hasRoom = bytes.byteOffset + bytes.length < bytes.buffer.byteLength;
  const text = hasRoom ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length + 1) : withSentinel(bytes);
  try {
    return parseJson(text, bytes.length);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw unreadable(location, `it does not appear to be JSON: ${error.message}`, error);
  }
}

export function unreadable(location: { path: string }, why: string, cause?: unknown): ContentsFailure {
  return new ContentsFailure('BAD_REQUEST', `Unreadable Notebook: ${location.path}: ${why}`, { cause });
}
