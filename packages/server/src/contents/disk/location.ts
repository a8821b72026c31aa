import { lstatSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { ContentsFailure } from './contents-failure.ts';
import type { DiskSettings } from './settings.ts';

/** An API path with what it means on the disk. Nothing need be there. */
export interface Location {
  readonly path: string;
  readonly name: string;
  readonly osPath: string;
  readonly isHidden: boolean;
}

/**
 * Finds where an API path leads. NOT_FOUND if that is outside the root, by `..` or by a symbolic link, or if no file
 * can have such a name.
 */
export function locate(apiPath: string, settings: DiskSettings): Location {
  if (apiPath.includes('\0')) throw new ContentsFailure('NOT_FOUND', 'A path cannot contain a NUL character');
  const segments: string[] = [];
  for (const segment of apiPath.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) throw outside(apiPath);
  }
  const location = {
    path: segments.join('/'),
    name: segments.at(-1) ?? '',
    osPath: join(settings.root, ...segments),
    isHidden: segments.some((segment) => segment.startsWith('.')),
  };
  if (!settings.followLinksOutside && !isInside(location.osPath, settings.root)) throw outside(apiPath);
  return location;
}

/** Whether a path, with all links in it followed, is in the root. What does not exist is where its folder is. */
export function isInside(osPath: string, root: string): boolean {
  const realRoot = realpathSync.native(root);
  for (let path = osPath; ; path = dirname(path)) {
    const real = realPath(path);
    if (real !== undefined)
      return real === realRoot || real.startsWith(realRoot === sep ? sep : realRoot + sep);
    // A link to what does not exist yet would be followed by a write.
    if (isLink(path)) return false;
    if (path === dirname(path)) return false;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined; // Not there, or a circle of links, or not for us to see: the caller looks further up.
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false; // Nothing can be there that a write would follow.
  }
}

function outside(apiPath: string): ContentsFailure {
  return new ContentsFailure('NOT_FOUND', `${apiPath} is outside root contents directory`);
}
