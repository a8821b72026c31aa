import { stat } from 'node:fs/promises';
import { dirname, join, resolve as withoutTrailingSlash, sep } from 'node:path';

export interface WorkingDirectoryOptions {
  /** Absolute path of the folder that is served. */
  readonly rootDir: string;
  /** Absolute path of what an API path means. Throws for what is outside the root. */
  readonly resolve: (apiPath: string) => string;
}

/** Where a kernel starts, and what it is told that its document is called. */
export interface KernelPlace {
  readonly cwd: string;
  /** `JPY_SESSION_NAME`: the document's path in the file system, as far as there is one. */
  readonly sessionName: string;
}

/**
 * The folder of a document, or the nearest one above it that exists, for sessions also have paths of which there is no file;
 * never above the root.
 */
export async function workingDirectoryOf(apiPath: string, options: WorkingDirectoryOptions): Promise<string> {
  const { rootDir } = options;
  let path = osPathOf(apiPath, options);
  const inside = rootDir.endsWith(sep) ? rootDir : rootDir + sep;
  while (path.startsWith(inside)) {
    if (await isDirectory(path)) return path;
    path = dirname(path);
  }
  return rootDir;
}

/** As jupyter_server does it: the session's name, which is the document's file name, in the working directory. */
export async function placeOf(
  apiPath: string,
  name: string,
  options: WorkingDirectoryOptions,
): Promise<KernelPlace> {
  const cwd = await workingDirectoryOf(apiPath, options);
  return { cwd, sessionName: name === '' ? osPathOf(apiPath, options) : join(cwd, name) };
}

function osPathOf(apiPath: string, { rootDir, resolve }: WorkingDirectoryOptions): string {
  try {
    return withoutTrailingSlash(resolve(apiPath));
  } catch {
    // No file can have this path; a session may.
    return rootDir;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
