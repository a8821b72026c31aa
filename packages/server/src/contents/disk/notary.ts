import type { JsonDocument, JsonObject } from '../nbformat/json-document.ts';
import { isTrusted, signatureOf } from '../nbformat/signature.ts';
import type { DiskSettings } from './settings.ts';
import { isSignatureKnown, readSecret, recordSignature } from './signature-store.ts';

/** Whether the notebook, just as it is, was trusted before. */
export function isKnownNotebook(
  document: JsonDocument,
  notebook: JsonObject,
  settings: DiskSettings,
): boolean {
  if (settings.dataDir === undefined) return false;
  try {
    return isSignatureKnown(settings.dataDir, signatureOf(document, notebook, readSecret(settings.dataDir)));
  } catch (error) {
    return onlyFileErrors(error);
  }
}

/** Records the notebook as trusted if the client says that all of it is. */
export function signIfTrusted(document: JsonDocument, notebook: JsonObject, settings: DiskSettings): void {
  if (isTrusted(document, notebook)) sign(document, notebook, settings);
}

export function sign(document: JsonDocument, notebook: JsonObject, settings: DiskSettings): void {
  if (settings.dataDir === undefined) return;
  try {
    recordSignature(settings.dataDir, signatureOf(document, notebook, readSecret(settings.dataDir)));
  } catch (error) {
    onlyFileErrors(error);
  }
}

// A data folder that cannot be read or written makes notebooks untrusted, which is safe, and never unreadable.
function onlyFileErrors(error: unknown): false {
  if ((error as NodeJS.ErrnoException | null)?.code === undefined) throw error;
  return false;
}
