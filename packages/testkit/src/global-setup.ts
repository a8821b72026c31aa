// vitest's globalSetup: tests start the fake kernel, and whole servers, as processes of their own, which run what is built.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Builds the fake kernel and the provisioners with what they stand on, without checking types: that is `npm run check`'s. */
export default async function setup(): Promise<void> {
  try {
    await promisify(execFile)(
      'npx',
      ['tsc', '-b', 'packages/testkit', 'packages/provisioners', '--noCheck'],
      { cwd: root },
    );
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    throw new Error(`the programs of the tests do not compile:\n${stdout ?? String(error)}`, {
      cause: error,
    });
  }
}
