import { access, constants, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { findOnPath, KernelError, type Kernelspec } from '@perijove/kernels';

/** Checks what would make a start fail before anything is started, so that the reason is a sentence and not a shell's. */
export async function checkCwd(kernelspec: Kernelspec, cwd: string): Promise<void> {
  const code = await codeOf(access(cwd, constants.X_OK));
  if (code === 'ENOENT' || code === 'ENOTDIR')
    throw failure(kernelspec, `its working directory ${cwd} does not exist`);
  if (code !== undefined)
    throw failure(kernelspec, `its working directory ${cwd} may not be entered (${code})`);
  if (!(await stat(cwd)).isDirectory())
    throw failure(kernelspec, `its working directory ${cwd} is not a folder`);
}

/** Finds the file that `argv[0]` means: a path as it is, a bare name by PATH. */
export async function findProgram(
  kernelspec: Kernelspec,
  program: string,
  cwd: string,
  path: string | undefined,
): Promise<string> {
  const told = `(argv[0] in ${posix.join(kernelspec.resourceDir, 'kernel.json')})`;
  if (!program.includes('/')) {
    const found = program === '' ? undefined : await findOnPath(program, path);
    if (found !== undefined) return found;
    throw failure(kernelspec, `its program ${program} is nowhere on PATH ${told}`);
  }
  const file = posix.resolve(cwd, program);
  const code = await codeOf(access(file, constants.X_OK));
  if (code === 'ENOENT' || code === 'ENOTDIR')
    throw failure(kernelspec, `its program ${file} does not exist ${told}`);
  if (code !== undefined) throw failure(kernelspec, `its program ${file} may not be executed ${told}`);
  if (!(await stat(file)).isFile()) throw failure(kernelspec, `its program ${file} is not a file ${told}`);
  return file;
}

export function failure(kernelspec: Kernelspec, reason: string, cause?: unknown): KernelError {
  const name = kernelspec.spec.display_name || kernelspec.name;
  return new KernelError('KERNEL_LAUNCH_FAILED', `The kernel ${name} cannot start: ${reason}`, { cause });
}

async function codeOf(done: Promise<void>): Promise<string | undefined> {
  try {
    await done;
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
