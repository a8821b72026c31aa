import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';

/** Where the cgroups of a process are, as /proc says; tests bring their own texts. */
export interface ProcFiles {
  /** /proc/self/mountinfo */
  readonly mountinfo: string;
  /** /proc/self/cgroup */
  readonly cgroup: string;
}

export async function readProcFiles(): Promise<ProcFiles> {
  const read = (name: string) => readFile(`/proc/self/${name}`, 'utf8').catch(() => '');
  return { mountinfo: await read('mountinfo'), cgroup: await read('cgroup') };
}

/**
 * A cgroup of version 2 and those above it, each of which limits what is in it. The topmost of the machine has no limits, and
 * above that of a container there is nothing to be seen.
 */
export function withThoseAbove(folder: string): string[] {
  const folders: string[] = [];
  for (let at = folder; isLimited(at); at = posix.dirname(at)) folders.push(at);
  return folders;
}

function isLimited(folder: string): boolean {
  return readLimit(folder) !== undefined;
}

/** `max` is infinite; undefined: there is no such file. */
export function readLimit(folder: string): number | undefined {
  try {
    const text = readFileSync(posix.join(folder, 'memory.max'), 'latin1').trim();
    return text === 'max' ? Infinity : Number(text);
  } catch {
    return undefined;
  }
}

/**
 * The folder of this process's own cgroup: of version 2, or of the version 1 hierarchy with this controller. Undefined: there
 * is none, or it is not mounted.
 */
export function ownCgroup({ mountinfo, cgroup }: ProcFiles, controller?: string): string | undefined {
  const path = cgroup
    .split('\n')
    .map((line) => /^(\d+):([^:]*):(.*)$/.exec(line) ?? [])
    .find(([, id, controllers = '']) =>
      controller === undefined
        ? id === '0' && controllers === ''
        : controllers.split(',').includes(controller),
    )?.[3];
  const mount = mountinfo
    .split('\n')
    .map(asMount)
    .find((candidate) => {
      if (controller === undefined) return candidate?.type === 'cgroup2';
      return candidate?.type === 'cgroup' && candidate.options.includes(controller);
    });
  if (path === undefined || !mount) return undefined;
  // A container without a cgroup namespace sees its path on the host, and of the file system only what is below it.
  const below = posix.relative(mount.root, path);
  return below.startsWith('..') ? mount.point : posix.join(mount.point, below);
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** proc(5): `36 35 98:0 /root /point rw,noatime master:1 - type source options`. */
function asMount(line: string): Mount | undefined {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root, point] = before.split(' ');
  const [type, , options = ''] = after.split(' ');
  if (root === undefined || point === undefined || type === undefined) return undefined;
  return { root: unescape(root), point: unescape(point), type, options: options.split(',') };
}

function unescape(path: string): string {
  return path.replace(/\\(\d{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
