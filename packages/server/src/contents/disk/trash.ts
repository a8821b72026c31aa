// The trash of the desktop, so that files can be brought back by any file browser:
// https://specifications.freedesktop.org/trash-spec/1.0/
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { ContentsFailure } from './contents-failure.ts';
import type { Location } from './location.ts';
import type { DiskSettings } from './settings.ts';

/** Moves an entry, by a rename only, into the trash of the home folder or of the volume that it is on. */
export function moveToTrash(location: Location, settings: DiskSettings): void {
  // The folder's links are followed; the entry itself, if it is a link, goes as a link.
  const osPath = join(realpathSync.native(dirname(location.osPath)), basename(location.osPath));
  const trash = findTrash(osPath, settings);
  const [info, target] = claimName(trash, osPath);
  try {
    renameSync(osPath, target);
  } catch (error) {
    rmSync(info, { force: true });
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    throw noTrash(location, error);
  }
}

interface Trash {
  readonly folder: string;
  /** What Path= in the record is relative to; undefined for the home trash, which keeps absolute paths. */
  readonly topFolder: string | undefined;
}

function findTrash(osPath: string, settings: DiskSettings): Trash {
  const home = settings.trashDir;
  if (deviceOf(home) === lstatSync(osPath).dev) return { folder: prepare(home), topFolder: undefined };
  const topFolder = mountPointOf(osPath);
  const uid = process.getuid?.() ?? 0;
  return { folder: sharedTrash(topFolder, uid) ?? prepare(join(topFolder, `.Trash-${uid}`)), topFolder };
}

/** Device of a path, or of the nearest folder above it that is there. */
function deviceOf(path: string): number {
  for (let at = path; ; at = dirname(at)) {
    const stats = statSync(at, { throwIfNoEntry: false });
    if (stats !== undefined || at === dirname(at)) return stats?.dev ?? -1;
  }
}

function mountPointOf(osPath: string): string {
  let at = dirname(osPath);
  const { dev } = statSync(at);
  while (at !== dirname(at) && statSync(dirname(at)).dev === dev) at = dirname(at);
  return at;
}

// $topdir/.Trash counts only with the sticky bit and not as a link, else other users could tamper with it.
function sharedTrash(topFolder: string, uid: number): string | undefined {
  const shared = join(topFolder, '.Trash');
  const stats = lstatSync(shared, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory() || (stats.mode & 0o1000) === 0) return undefined;
  try {
    return prepare(join(shared, String(uid)));
  } catch {
    return undefined; // As the specification says: then the second way is tried.
  }
}

function prepare(folder: string): string {
  for (const part of ['files', 'info']) mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
  return folder;
}

/** Takes a free name by creating its record exclusively, as the specification asks. */
function claimName(trash: Trash, osPath: string): [info: string, target: string] {
  const name = basename(osPath);
  const path = trash.topFolder === undefined ? osPath : relative(trash.topFolder, osPath);
  const record = `[Trash Info]\nPath=${encodePath(path)}\nDeletionDate=${localTime(new Date())}\n`;
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? shorten(name) : `${shorten(name)}.${n}`;
    const info = join(trash.folder, 'info', `${candidate}.trashinfo`);
    const target = join(trash.folder, 'files', candidate);
    try {
      const fd = openSync(info, 'wx', 0o600);
      writeSync(fd, record);
      closeSync(fd);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      continue;
    }
    if (lstatSync(target, { throwIfNoEntry: false }) === undefined) return [info, target];
    rmSync(info, { force: true });
  }
}

/** Room for `.trashinfo` and a number within the 255 bytes of a name. */
function shorten(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= 230) return name;
  return bytes
    .subarray(0, 230)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function localTime(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function noTrash(location: Location, cause: unknown): ContentsFailure {
  return new ContentsFailure(
    'BAD_REQUEST',
    `There is no trash on the disk of ${location.path} (deleteToTrash). Delete it in a terminal, or turn the trash off.`,
    { cause },
  );
}
