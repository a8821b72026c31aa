import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

/**
 * `<runtime>/jpserver-<pid>.json`: how Jupyter's tools and editors find the servers of this machine
 * (jupyter_server, `list_running_servers`). Holds the token, so only its owner may read it.
 */
export const ServerFile = Type.Object(
  {
    base_url: Type.String(),
    hostname: Type.String(),
    password: Type.Boolean(),
    pid: Type.Integer({ minimum: 1 }),
    port: Type.Integer({ minimum: 0 }),
    root_dir: Type.String(),
    secure: Type.Boolean(),
    sock: Type.String(),
    token: Type.String(),
    url: Type.String(),
    version: Type.String(),
  },
  { additionalProperties: true },
);
export type ServerFile = Static<typeof ServerFile>;

/** Writes the file; the returned function removes it. */
export async function writeServerFile(runtimeDir: string, server: ServerFile): Promise<() => Promise<void>> {
  const path = join(runtimeDir, `jpserver-${server.pid}.json`);
  await mkdir(runtimeDir, { recursive: true, mode: 0o700 });
  await writeFile(path, `${JSON.stringify(server, undefined, 2)}\n`, { mode: 0o600 });
  return () => rm(path, { force: true });
}

/** The servers that are alive, by their files. Removes the files of servers that are gone, as Jupyter's own list does. */
export async function listServers(runtimeDir: string): Promise<ServerFile[]> {
  const servers: ServerFile[] = [];
  for (const name of await readdir(runtimeDir).catch(() => [])) {
    if (!/^jpserver-\d+\.json$/.test(name)) continue;
    const path = join(runtimeDir, name);
    const server = await readServerFile(path);
    if (server === undefined) continue;
    if (isAlive(server.pid)) servers.push(server);
    else await rm(path, { force: true });
  }
  return servers;
}

async function readServerFile(path: string): Promise<ServerFile | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    return Value.Check(ServerFile, parsed) ? parsed : undefined;
  } catch {
    return undefined; // being written or removed this moment, or not one of ours
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
