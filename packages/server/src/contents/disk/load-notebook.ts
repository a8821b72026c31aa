import { isUtf8 } from 'node:buffer';
import type { ByteSink } from '../nbformat/byte-sink.ts';
import { fromPlain, toPlain } from '../nbformat/plain-json.ts';
import { JsonSyntaxError, JsonTooManyValuesError } from '../nbformat/json-syntax-error.ts';
import { parseJson, withSentinel } from '../nbformat/parse-json.ts';
import type { JsonDocument, JsonNode, JsonObject } from '../nbformat/json-document.ts';
import { withCellIds } from '../nbformat/normalize.ts';
import { member, versionOf } from '../nbformat/notebook-shape.ts';
import { writeForClient } from '../nbformat/read-notebook.ts';
import { UpgradeError, upgradeToV4 } from '../nbformat/upgrade.ts';
import { validationMessage } from '../nbformat/validate.ts';
import { ContentsFailure } from './contents-failure.ts';
import { isKnownNotebook } from './notary.ts';
import type { DiskSettings } from './settings.ts';

export interface LoadedNotebook {
  readonly document: JsonDocument;
  readonly notebook: JsonObject;
  /** Why it is not valid. */
  readonly message: string | undefined;
  /** Writes it as a client gets it. */
  readonly write: (sink: ByteSink) => void;
}

/** Reads a notebook of any version as one of format 4. `bytes` has a 0 behind it in its memory. */
export function loadNotebook(bytes: Buffer, at: { path: string }, settings: DiskSettings): LoadedNotebook {
  let document = parseNotebook(bytes, at, settings);
  let root = document.root;
  if (root.kind !== 'object') throw unreadable(at, 'it is not a JSON object');
  const { major } = versionOf(document, root);
  if (!(major >= 1 && major <= 4))
    throw unreadable(at, `Unsupported nbformat version ${Number.isNaN(major) ? 'in it' : String(major)}`);
  if (major < 4) {
    document = upgraded(document, root, major, at);
    root = document.root as JsonObject;
  }
  requireCells(root, at);
  const notebook = withCellIds(document, root);
  return {
    document,
    notebook,
    message: validationMessage(document, notebook),
    write: (sink) => {
      writeForClient(document, notebook, {
        trusted: isKnownNotebook(document, notebook, settings),
        into: sink,
      });
    },
  };
}

function parseNotebook(bytes: Buffer, at: { path: string }, settings: DiskSettings): JsonDocument {
  if (!isUtf8(bytes))
    throw new ContentsFailure('BAD_REQUEST', `${at.path} is not UTF-8 encoded`, { reason: 'bad format' });
  const hasRoom = bytes.byteOffset + bytes.length < bytes.buffer.byteLength;
  const text = hasRoom ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length + 1) : withSentinel(bytes);
  try {
    return parseJson(text, bytes.length, settings.maxJsonValues);
  } catch (error) {
    if (error instanceof JsonTooManyValuesError)
      throw new ContentsFailure('TOO_LARGE', `${at.path} cannot be opened: ${error.message}`);
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw unreadable(at, `Notebook does not appear to be JSON: ${error.message}`, error);
  }
}

function upgraded(
  document: JsonDocument,
  root: JsonObject,
  major: number,
  at: { path: string },
): JsonDocument {
  try {
    const plain = upgradeToV4(toPlain(document, root) as Record<string, unknown>, major);
    const text = withSentinel(Buffer.from(fromPlain(plain)));
    return parseJson(text, text.length - 1);
  } catch (error) {
    if (!(error instanceof UpgradeError)) throw error;
    throw unreadable(at, `it cannot be upgraded from format ${major}: ${error.message}`, error);
  }
}

// Without these there is nothing that could be shown; all else that is wrong is told beside the content.
function requireCells(notebook: JsonObject, at: { path: string }): void {
  const cells = member(notebook, 'cells');
  if (cells?.kind !== 'array') throw unreadable(at, "it is missing an expected key: 'cells'");
  for (const cell of cells.items) {
    const metadata: JsonNode | undefined = member(cell, 'metadata');
    if (metadata?.kind !== 'object') throw unreadable(at, "a cell is missing an expected key: 'metadata'");
  }
  if (member(notebook, 'metadata')?.kind !== 'object')
    throw unreadable(at, "it is missing an expected key: 'metadata'");
}

function unreadable(at: { path: string }, why: string, cause?: unknown): ContentsFailure {
  return new ContentsFailure('BAD_REQUEST', `Unreadable Notebook: ${at.path}: ${why}`, { cause });
}
