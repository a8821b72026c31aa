import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, realpath, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { identify, isAlive } from './process-identity.ts';

const Owner = Type.Object({
  pid: Type.Integer(),
  startedAt: Type.String(),
  /** The root folder that the owner serves, for people and for `perijove list`. */
  root: Type.String(),
  /** The owner ended and said so. */
  released: Type.Optional(Type.Boolean()),
});
type Owner = Static<typeof Owner>;

export interface ClaimOptions {
  /** Perijove's state folder, of all servers of a user. */
  readonly stateDir: string;
  /** Root folder of the server: who serves it next finds what this one leaves. */
  readonly root: string;
}

/**
 * The folder in which one server keeps its kernels' and sessions' records: `<stateDir>/servers/<hash of root>[.n]`.
 * It has one owner at a time, a process that is known by its start time too; what a dead owner left is taken over,
 * and a second server on the same root gets a folder of its own.
 *
 * Ownership is the highest `owner.<n>.json`. Claiming makes the next one, which only one of several can (link(2) fails for
 * what exists); numbers only grow, so that a slow claimer cannot take for free what was claimed and released meanwhile.
 */
export class StateFolder {
  readonly path: string;
  readonly #generation: number;
  readonly #owner: Owner;

  private constructor(path: string, generation: number, owner: Owner) {
    this.path = path;
    this.#generation = generation;
    this.#owner = owner;
  }

  get kernels(): string {
    return join(this.path, 'kernels');
  }
  get sessions(): string {
    return join(this.path, 'sessions.json');
  }
  get journals(): string {
    return join(this.path, 'journals');
  }

  /** Claims the folder with kernels that no server owns, else any that no server owns, else a new one. */
  static async claim({ stateDir, root }: ClaimOptions): Promise<StateFolder> {
    const servers = join(stateDir, 'servers');
    await mkdir(servers, { recursive: true, mode: 0o700 });
    const realRoot = await realpath(root);
    // Kernels of this machine are no use to another that shares the home folder.
    const hash = createHash('sha256').update(`${hostname()}\0${realRoot}`).digest('hex').slice(0, 16);
    for (;;) {
      for (const path of await candidates(servers, hash)) {
        const claimed = await StateFolder.claimPath(path, realRoot);
        if (claimed) return claimed;
      }
      // Others were quicker; each of them has one now, so this ends.
    }
  }

  /** Claims one folder; undefined if a living process owns it. */
  static async claimPath(path: string, root: string): Promise<StateFolder | undefined> {
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
    } catch (error) {
      // Something that is no folder has this name: not ours, so it stays, and the next name is tried.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      throw error;
    }
    const { generation, owner } = await readOwner(path);
    if (owner && (await isLive(owner))) return undefined;
    const identity = await identify(process.pid);
    if (!identity) throw new Error('The system does not say when this process started: is /proc mounted?');
    const mine: Owner = { ...identity, root };
    const next = generation + 1;
    if (!(await createExclusively(ownerFile(path, next), mine))) return undefined;
    for (const old of await generationsOf(path)) {
      if (old < next) await unlink(ownerFile(path, old)).catch(() => {});
    }
    return new StateFolder(path, next, mine);
  }

  /** Gives it up; what is in it stays for the next. */
  async release(): Promise<void> {
    const path = ownerFile(this.path, this.#generation);
    await writeFile(path, JSON.stringify({ ...this.#owner, released: true }), { mode: 0o600 });
  }
}

/** A folder of a server's state, as others see it. */
export interface ServerState {
  readonly path: string;
  readonly root: string;
  readonly isOwned: boolean;
}

/** All servers' state folders that there are. */
export async function listServerStates(stateDir: string): Promise<readonly ServerState[]> {
  const servers = join(stateDir, 'servers');
  const states: ServerState[] = [];
  for (const name of (await namesIn(servers)).toSorted()) {
    const path = join(servers, name);
    const { owner } = await readOwner(path);
    if (owner) states.push({ path, root: owner.root, isOwned: await isLive(owner) });
  }
  return states;
}

async function candidates(servers: string, hash: string): Promise<readonly string[]> {
  const withKernels: string[] = [];
  const without: string[] = [];
  const existing = new Set(await namesIn(servers));
  for (let n = 1; ; n++) {
    const name = n === 1 ? hash : `${hash}.${n}`;
    const path = join(servers, name);
    if (!existing.has(name)) return [...withKernels, ...without, path];
    const { owner } = await readOwner(path);
    if (owner && (await isLive(owner))) continue;
    const kernels = await namesIn(join(path, 'kernels'));
    (kernels.some((kernel) => kernel.endsWith('.json')) ? withKernels : without).push(path);
  }
}

async function isLive(owner: Owner): Promise<boolean> {
  return owner.released !== true && (await isAlive(owner));
}

async function readOwner(path: string): Promise<{ generation: number; owner: Owner | undefined }> {
  for (;;) {
    const generation = Math.max(0, ...(await generationsOf(path)));
    if (generation === 0) return { generation, owner: undefined };
    try {
      const owner: unknown = JSON.parse(await readFile(ownerFile(path, generation), 'utf8'));
      return { generation, owner: Value.Check(Owner, owner) ? owner : undefined };
    } catch (error) {
      // Claimed again meanwhile: look again. Not JSON: half a release, by one that has ended.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return { generation, owner: undefined };
    }
  }
}

async function generationsOf(path: string): Promise<readonly number[]> {
  return (await namesIn(path)).flatMap((name) => {
    const match = /^owner\.(\d+)\.json$/.exec(name);
    return match ? [Number(match[1])] : [];
  });
}

function ownerFile(path: string, generation: number): string {
  return join(path, `owner.${generation}.json`);
}

/** Makes a file with its whole content, or none; false if it is there. */
async function createExclusively(path: string, content: unknown): Promise<boolean> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(temporary, JSON.stringify(content), { mode: 0o600 });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
