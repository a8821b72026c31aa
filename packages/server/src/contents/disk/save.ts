import { isUtf8 } from 'node:buffer';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ContentsFailure } from './contents-failure.ts';
import type { ContentsModel } from '../contents.ts';
import { viewOf } from '../nbformat/byte-scan.ts';
import { ByteSink } from '../nbformat/byte-sink.ts';
import type { JsonDocument, JsonNode, JsonString } from '../nbformat/json-document.ts';
import { JsonSyntaxError, JsonTooManyValuesError } from '../nbformat/json-syntax-error.ts';
import { parseJson } from '../nbformat/parse-json.ts';
import { writeUnescaped } from '../nbformat/json-string.ts';
import { integerOf, member, memberText } from '../nbformat/notebook-shape.ts';
import { writeAtomically } from './atomic-write.ts';
import { createCheckpoint, listCheckpoints } from './checkpoints.ts';
import { giveToFolderOwner } from './give-to-folder-owner.ts';
import { locate } from './location.ts';
import type { Location } from './location.ts';
import { describeEntry } from './read.ts';
import type { Rendered } from './read.ts';
import { encodeNotebook } from './encode-notebook.ts';
import type { DiskSettings } from './settings.ts';
import { createUntitled } from './untitled.ts';
import { receiveChunk } from './upload.ts';

export interface Saved extends Rendered {
  readonly created: boolean;
  /** Folder with a part of an upload in it: to be looked at again when that may have been abandoned. */
  readonly uploadingInto?: string;
}

/** Saves the model whose JSON is in `body` (a 0 behind it). An empty body makes a new untitled entry. */
export function saveEntry(apiPath: string, body: Uint8Array, length: number, settings: DiskSettings): Saved {
  const document = parseBody(body, length, settings);
  const { root } = document;
  if (length === 0 || root.kind === 'null' || (root.kind === 'object' && root.keys.length === 0))
    return { ...createUntitled(apiPath, {}, settings), created: true };
  if (root.kind !== 'object') throw new ContentsFailure('BAD_REQUEST', 'The body must be a JSON object');
  if (memberText(document, root, 'copy_from'))
    throw new ContentsFailure('BAD_REQUEST', 'Cannot copy with PUT, only POST');
  const location = locate(apiPath, settings);
  refuseHidden(location, memberText(document, root, 'path'), settings);
  requireFolder(location);
  const old = statSync(location.osPath, { throwIfNoEntry: false });
  const isNew = !old?.isFile();
  const type = typeToSave(document, root, location, isNew);
  if (member(root, 'chunk') !== undefined && member(root, 'chunk')?.kind !== 'null')
    return saveChunk(location, { document, model: root, type, isNew }, settings);
  const message = saveWhole(location, { document, model: root, type, isNew }, settings);
  return { ...describeEntry(location, type, message), created: isNew };
}

interface Request {
  readonly document: JsonDocument;
  readonly model: JsonNode;
  readonly type: ContentsModel['type'];
  readonly isNew: boolean;
}

function parseBody(body: Uint8Array, length: number, settings: DiskSettings): JsonDocument {
  if (length === 0) return { bytes: body, view: viewOf(body), root: { kind: 'null' }, hasNonFinite: false };
  if (!isUtf8(body.subarray(0, length)))
    throw new ContentsFailure('BAD_JSON', 'Invalid JSON in body of request: it is not UTF-8');
  try {
    return parseJson(body, length, settings.maxJsonValues);
  } catch (error) {
    if (error instanceof JsonTooManyValuesError)
      throw new ContentsFailure('TOO_LARGE', `This cannot be saved: ${error.message}`);
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new ContentsFailure('BAD_JSON', `Invalid JSON in body of request: ${error.message}`, {
      cause: error,
    });
  }
}

function refuseHidden(location: Location, bodyPath: string | undefined, settings: DiskSettings): void {
  if (settings.allowHidden) return;
  if (location.isHidden || bodyPath?.split('/').some((segment) => segment.startsWith('.')))
    throw new ContentsFailure('BAD_REQUEST', `Cannot create file or directory '${location.path}'`);
}

function typeToSave(
  document: JsonDocument,
  model: JsonNode,
  location: Location,
  isNew: boolean,
): ContentsModel['type'] {
  const type = memberText(document, model, 'type');
  if (type === 'directory' || type === 'notebook') return type;
  if (type !== undefined && type !== '') return 'file';
  if (!isNew) throw new ContentsFailure('BAD_REQUEST', 'No file type provided');
  return location.name.endsWith('.ipynb') ? 'notebook' : 'file';
}

/** Writes what the model says; answers why a notebook is not valid. */
function saveWhole(location: Location, request: Request, settings: DiskSettings): string | undefined {
  if (location.path === '' && request.type !== 'directory')
    throw new ContentsFailure('BAD_REQUEST', 'The root is a directory');
  if (request.type === 'directory') {
    makeDirectory(location, settings);
    return undefined;
  }
  if (statSync(location.osPath, { throwIfNoEntry: false })?.isDirectory())
    throw new ContentsFailure('BAD_REQUEST', `${location.path} is a directory`);
  const content = contentOf(request);
  if (request.type === 'notebook') {
    const { bytes, message } = encodeNotebook(request.document, content, location, settings);
    writeAtomically(location.osPath, bytes, settings);
    if (listCheckpoints(location.path, settings).length === 0) tryCheckpoint(location, settings);
    return message;
  }
  writeAtomically(location.osPath, decodeContent(location, request, content), settings);
  return undefined;
}

// A notebook that could be saved is saved, even where its first checkpoint cannot be kept.
function tryCheckpoint(location: Location, settings: DiskSettings): void {
  try {
    createCheckpoint(location.path, settings);
  } catch {
    // The client makes one itself at every save by hand, and will hear the reason then.
  }
}

function requireFolder(location: Location): void {
  const folder = location.path.split('/').slice(0, -1).join('/');
  const stats = statSync(dirname(location.osPath), { throwIfNoEntry: false });
  if (location.path !== '' && !stats?.isDirectory())
    throw new ContentsFailure('NOT_FOUND', `No such directory: ${folder}`);
}

function makeDirectory(location: Location, settings: DiskSettings): void {
  const old = statSync(location.osPath, { throwIfNoEntry: false });
  if (old?.isDirectory()) return;
  if (old !== undefined) throw new ContentsFailure('BAD_REQUEST', `Not a directory: ${location.path}`);
  mkdirSync(location.osPath);
  giveToFolderOwner(location.osPath, settings);
}

/** Undefined: a new file without content, which is an empty one. */
function contentOf(request: Request): JsonNode | undefined {
  const content = member(request.model, 'content');
  if (content === undefined && !request.isNew)
    throw new ContentsFailure('BAD_REQUEST', 'No file content provided');
  return content;
}

function decodeContent(location: Location, request: Request, content: JsonNode | undefined): Uint8Array {
  if (content === undefined) return new Uint8Array();
  const format = memberText(request.document, request.model, 'format');
  if (format !== 'text' && format !== 'base64')
    throw new ContentsFailure('BAD_REQUEST', "Must specify format of file contents as 'text' or 'base64'");
  if (content.kind !== 'string')
    throw new ContentsFailure('BAD_REQUEST', `The content of ${location.path} must be a string`);
  return decodeText(location, request.document, content, format);
}

function decodeText(
  location: Location,
  document: JsonDocument,
  content: JsonString,
  format: 'text' | 'base64',
): Uint8Array {
  let bytes = Buffer.from(
    document.bytes.buffer,
    document.bytes.byteOffset + content.start,
    content.end - content.start,
  );
  if (content.escaped) {
    const sink = new ByteSink(bytes.length);
    if (!writeUnescaped(sink, document, content))
      throw new ContentsFailure(
        'BAD_REQUEST',
        `Encoding error saving ${location.path}: half a surrogate pair`,
      );
    bytes = sink.view();
  }
  return format === 'text' ? bytes : decodeBase64(location, bytes);
}

function decodeBase64(location: Location, text: Buffer): Uint8Array {
  const decoded = Buffer.from(text.toString('latin1'), 'base64');
  // As Python's: characters that are not of the alphabet are passed over, a wrong length is an error.
  let digits = 0;
  for (const c of text) if (isBase64Digit(c)) digits++;
  if (digits % 4 === 1 || (digits % 4 !== 0 && !text.includes('=')))
    throw new ContentsFailure('BAD_REQUEST', `Encoding error saving ${location.path}: Incorrect padding`);
  return decoded;
}

function isBase64Digit(c: number): boolean {
  return (
    (c >= 0x41 && c <= 0x5a) ||
    (c >= 0x61 && c <= 0x7a) ||
    (c >= 0x30 && c <= 0x39) ||
    c === 0x2b ||
    c === 0x2f
  );
}

function saveChunk(location: Location, request: Request, settings: DiskSettings): Saved {
  if (request.type !== 'file')
    throw new ContentsFailure(
      'BAD_REQUEST',
      `File type "${request.type}" is not supported for large file transfer`,
    );
  const chunk = integerOf(request.document, member(request.model, 'chunk'));
  if (chunk === undefined || chunk === 0 || chunk < -1)
    throw new ContentsFailure('BAD_REQUEST', 'chunk must be a number from 1 up, or -1 for the last');
  const content = member(request.model, 'content');
  if (content === undefined) throw new ContentsFailure('BAD_REQUEST', 'No file content provided');
  const data = decodeContent(location, request, content);
  const received = receiveChunk(location, chunk, data, settings);
  if (received.status === 'complete') return { ...describeEntry(location, 'file'), created: request.isNew };
  const partial = describeEntry({ ...location, osPath: received.osPath }, 'file');
  return { ...partial, created: request.isNew, uploadingInto: dirname(location.osPath) };
}
