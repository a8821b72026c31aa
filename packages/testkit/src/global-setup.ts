// vitest's globalSetup: tests start the fake kernel, and whole servers, as processes of their own, which run what is built.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Builds the fake kernel and what it stands on, without checking types: that is `npm run check`'s. */
export default async function setup(): Promise<void> {
  try {
    await promisify(execFile)('npx', ['tsc', '-b', 'packages/testkit', '--noCheck'], { cwd: root });
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    throw new Error(`packages/testkit does not compile:\n${stdout ?? String(error)}`, { cause: error });
  }
}
