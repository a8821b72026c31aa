import { chmod, mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServerError } from '../errors.ts';
import { writeAtomically } from '../write-atomically.ts';

/** Writes the hash where `jupyter server password` does, and leaves the rest of that file as it is. */
export async function storePassword(configDir: string, hashedPassword: string): Promise<void> {
  const path = join(configDir, 'jupyter_server_config.json');
  const config = parse(await readFile(path, 'utf8').catch(noneYet), path);
  const identityProvider = {
    ...(config.IdentityProvider as object | undefined),
    hashed_password: hashedPassword,
  };
  // The replacement takes over the mode, so that the hash is at no time for all to read.
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await (await open(path, 'a', 0o600)).close();
  await chmod(path, 0o600);
  await writeAtomically(
    path,
    `${JSON.stringify({ ...config, IdentityProvider: identityProvider }, null, 2)}\n`,
  );
}

function noneYet(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}

function parse(text: string, path: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new ServerError('CONFLICT', `${path} is not JSON; the password was not stored`, { cause });
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new ServerError('CONFLICT', `${path} holds no JSON object; the password was not stored`);
  }
  return config as Record<string, unknown>;
}
