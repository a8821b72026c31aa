import type { DiskSettings } from '../disk/settings.ts';

/** For tests that touch no folder. */
export const testSettings: DiskSettings = {
  root: '/nonexistent',
  allowHidden: false,
  hideGlobs: [],
  followLinksOutside: false,
  deleteToTrash: true,
  alwaysDeleteDir: false,
  useFsync: false,
  maxContentBytes: 2 ** 30,
  maxJsonValues: 8_000_000,
  maxCopyFolderMb: 500,
  abandonUploadS: 3600,
  dataDir: undefined,
  trashDir: '/nonexistent/Trash',
};
