import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';

/**
 * The API path of something on this machine: a file's path under the root, relative to it; undefined if there is no such
 * file. What starts with a slash may be a path of either kind: the machine's is tried first.
 */
export async function resolveOnServer(
  path: string,
  rootDir: string,
  home: string,
): Promise<string | undefined> {
  if (path.includes('\0')) return undefined;
  const expanded = expandHome(path, home);
  const roots = [resolve(rootDir), await realpath(rootDir).catch(() => resolve(rootDir))];
  const candidates = isAbsolute(expanded)
    ? [
        ...roots.map((root) => ({ root, file: resolve(expanded) })),
        ...(expanded === path ? [{ root: roots[0] as string, file: join(roots[0] as string, path) }] : []),
      ]
    : [{ root: roots[0] as string, file: resolve(roots[0] as string, expanded) }];
  for (const { root, file } of candidates) {
    const inRoot = relative(root, file);
    if (inRoot === '..' || inRoot.startsWith(`..${sep}`) || isAbsolute(inRoot)) continue;
    if (await exists(file)) return inRoot.split(sep).join('/');
  }
  return undefined;
}

/** The path on the kernel's machine of what the kernel would open; undefined if there is no such file. */
export async function resolveInKernel(path: string, cwd: string, home: string): Promise<string | undefined> {
  if (path.includes('\0')) return undefined;
  const file = resolve(cwd, expandHome(path, home));
  return (await exists(file)) ? file : undefined;
}

function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
