import { closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { ContentsFailure } from './contents-failure.ts';
import type { ContentsModel } from '../contents.ts';
import { emptyNotebookText } from './encode-notebook.ts';
import { writeAtomically } from './atomic-write.ts';
import { giveTreeToFolderOwner } from './give-to-folder-owner.ts';
import { createCheckpoint } from './checkpoints.ts';
import { locate } from './location.ts';
import type { Location } from './location.ts';
import { describeEntry } from './read.ts';
import type { Rendered } from './read.ts';
import type { DiskSettings } from './settings.ts';

export interface UntitledOptions {
  readonly type?: ContentsModel['type'] | undefined;
  readonly ext?: string | undefined;
}

/** Creates an empty entry under the first free of `Untitled.ipynb`, `Untitled1.ipynb`, … */
export function createUntitled(apiPath: string, options: UntitledOptions, settings: DiskSettings): Rendered {
  const folder = locate(apiPath, settings);
  if (folder.isHidden && !settings.allowHidden)
    throw new ContentsFailure('BAD_REQUEST', `Cannot create file or directory '${folder.path}'`);
  if (!statSync(folder.osPath, { throwIfNoEntry: false })?.isDirectory())
    throw new ContentsFailure('NOT_FOUND', `No such directory: ${folder.path}`);
  const ext = options.ext ?? '';
  if (ext.includes('/') || ext.includes('\0'))
    throw new ContentsFailure('BAD_REQUEST', `'${ext}' is not a file extension`);
  const type = options.type ?? (ext === '.ipynb' ? 'notebook' : 'file');
  const location = createFirstFree(folder, untitledName(type, ext), insertOf(type), settings, (path) =>
    createEmpty(path, type),
  );
  if (type === 'notebook') fillNotebook(location, settings);
  return describeEntry(location, type);
}

function untitledName(type: ContentsModel['type'], ext: string): string {
  if (type === 'directory') return `Untitled Folder${ext}`;
  return type === 'notebook' ? 'Untitled.ipynb' : `untitled${ext}`;
}

function insertOf(type: ContentsModel['type']): string {
  return type === 'directory' ? ' ' : '';
}

/**
 * Calls `create` for `name`, then with 1, 2, … put in before its extension, until it does not meet an entry of
 * that name: two that ask at the same time get two names.
 */
export function createFirstFree(
  folder: Location,
  name: string,
  insert: string,
  settings: DiskSettings,
  create: (osPath: string) => void,
): Location {
  const [base, suffix] = splitName(name);
  for (let n = 0; ; n++) {
    const location = locate(`${folder.path}/${base}${n === 0 ? '' : insert + n}${suffix}`, settings);
    if (location.isHidden && !settings.allowHidden)
      throw new ContentsFailure('BAD_REQUEST', `Cannot create file or directory '${location.path}'`);
    try {
      create(location.osPath);
      giveTreeToFolderOwner(location.osPath, settings);
      return location;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** A notebook's extension begins at its last dot; any other's at its first (`x.tar.gz`). */
function splitName(name: string): [base: string, suffix: string] {
  const dot = name.endsWith('.ipynb') ? name.lastIndexOf('.') : name.indexOf('.');
  return dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
}

function createEmpty(osPath: string, type: ContentsModel['type']): void {
  if (type === 'directory') mkdirSync(osPath);
  else closeSync(openSync(osPath, 'wx', 0o666));
}

function fillNotebook(location: Location, settings: DiskSettings): void {
  try {
    writeAtomically(location.osPath, Buffer.from(emptyNotebookText()), settings);
    createCheckpoint(location.path, settings);
  } catch (error) {
    rmSync(location.osPath, { force: true });
    throw error;
  }
}
