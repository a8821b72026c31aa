import { ContentsFailure } from './contents-failure.ts';
import { parseJson } from '../nbformat/parse-json.ts';
import type { JsonDocument, JsonNode, JsonObject } from '../nbformat/json-document.ts';
import { member, versionOf } from '../nbformat/notebook-shape.ts';
import { withCellIds } from '../nbformat/normalize.ts';
import { validationMessage } from '../nbformat/validate.ts';
import { signIfTrusted } from './notary.ts';
import { writeNotebook } from '../nbformat/write-notebook.ts';
import type { Location } from './location.ts';
import type { DiskSettings } from './settings.ts';

/** A notebook's bytes for the disk, and why it is not valid if it is not. Records that it is trusted if all of it is. */
export function encodeNotebook(
  document: JsonDocument,
  content: JsonNode | undefined,
  location: Location,
  settings: DiskSettings,
): { bytes: Buffer; message: string | undefined } {
  const [source, sent] =
    content === undefined ? emptyNotebook() : ([document, asNotebook(content, location)] as const);
  const { major } = versionOf(source, sent);
  if (major !== 4)
    throw new ContentsFailure('BAD_REQUEST', `Only notebooks of format 4 are saved, not of ${String(major)}`);
  // Without these it could be written, and never be read again.
  if (member(sent, 'cells')?.kind !== 'array')
    throw new ContentsFailure(
      'BAD_REQUEST',
      `The content of ${location.path} is not a notebook: it has no cells`,
    );
  const notebook = withCellIds(source, sent);
  signIfTrusted(source, notebook, settings);
  return { bytes: writeNotebook(source, notebook), message: validationMessage(source, notebook) };
}

/** What a new notebook has on the disk. */
export function emptyNotebookText(): string {
  const [document, notebook] = emptyNotebook();
  return writeNotebook(document, notebook).toString('utf8');
}

function emptyNotebook(): [JsonDocument, JsonObject] {
  const text = Buffer.from('{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}\0');
  const document = parseJson(text, text.length - 1);
  return [document, document.root as JsonObject];
}

function asNotebook(content: JsonNode, location: Location): JsonObject {
  if (content.kind !== 'object')
    throw new ContentsFailure(
      'BAD_REQUEST',
      `The content of ${location.path} is not a notebook: it must be a JSON object`,
    );
  return content;
}
