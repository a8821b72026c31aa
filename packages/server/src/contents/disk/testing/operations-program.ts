import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { OperationName } from '../../operations.ts';
import { testSettings } from '../../nbformat/test-settings.ts';

export interface OperationsProgram {
  /** What came of it in a process of its own: `done`, or the failure's code and message. The last of `args` is a body. */
  perform(
    name: OperationName,
    root: string,
    args: readonly unknown[],
    limits?: { readonly fileBlocks?: number; readonly uid?: number },
  ): Promise<string>;
}

/** Operations on contents as a program, to be run under limits, or as a user, that the test itself has not. */
export async function operationsProgram(folder: string): Promise<OperationsProgram> {
  chmodSync(folder, 0o755);
  await build({
    entryPoints: [fileURLToPath(new URL('../../operations.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['source'],
    outfile: join(folder, 'operations.mjs'),
  });
  const program = join(folder, 'perform.mjs');
  writeFileSync(
    program,
    `import { perform } from './operations.mjs';
     const [name, settings, args] = JSON.parse(process.argv[2]);
     if (name === 'save') {
       const bytes = new TextEncoder().encode(JSON.stringify(args.pop()));
       args.push({ blocks: [bytes.buffer], length: bytes.length });
     }
     try { perform(name, settings, args); console.log('done'); }
     catch (error) { console.log(error.code + ': ' + error.message); }`,
  );
  return {
    async perform(name, root, args, { fileBlocks, uid } = {}) {
      const limit = fileBlocks === undefined ? '' : `ulimit -f ${fileBlocks};`;
      const { stdout } = await promisify(execFile)(
        'sh',
        [
          '-c',
          `${limit} exec "$0" "$1" "$2"`,
          process.execPath,
          program,
          JSON.stringify([name, { ...testSettings, root }, args]),
        ],
        uid === undefined ? {} : { uid, gid: uid },
      );
      return stdout.trim();
    },
  };
}
