import { locate } from './location.ts';
import { loadNotebook } from './load-notebook.ts';
import { readWhole } from './read.ts';
import type { DiskSettings } from './settings.ts';

/** Records the notebook as trusted as it is now. */
export function trustNotebook(apiPath: string, settings: DiskSettings): void {
  const location = locate(apiPath, settings);
  loadNotebook(readWhole(location, settings).bytes, location, settings);
}
