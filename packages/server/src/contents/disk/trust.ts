import { ContentsFailure } from './contents-failure.ts';
import { loadNotebook } from './load-notebook.ts';
import { locate } from './location.ts';
import { sign } from './notary.ts';
import { readWhole } from './read.ts';
import type { DiskSettings } from './settings.ts';

/** Records the notebook as trusted as it is now. */
export function trustNotebook(apiPath: string, settings: DiskSettings): void {
  const location = locate(apiPath, settings);
  if (location.isHidden && !settings.allowHidden)
    throw new ContentsFailure('NOT_FOUND', `file or directory does not exist: '${location.path}'`);
  const { document, notebook } = loadNotebook(readWhole(location, settings).bytes, location, settings);
  sign(document, notebook, settings);
}
