import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Kernelspec, Kernelspecs } from '@perijove/kernels';
import { KernelspecFile } from '@perijove/protocol';
import { Value } from 'typebox/value';
import type { Environment } from './environment.ts';
import { findPrivatePython, makePrivatePython, type KernelPython } from './private-python.ts';
import type { Progress } from './progress.ts';
import { UsageError } from './usage-error.ts';

const run = promisify(execFile);

/**
 * The kernelspecs beside those that Jupyter's folders hold: that of the private Python, if it was made. Where there is no kernel
 * for Python, one is made ready: of the user's Python if ipykernel is in it, else of a private environment. Where that fails but
 * there are kernels of other languages, those are all there is.
 */
export async function findExtraKernels(
  environment: Environment,
  look: (extra: readonly Kernelspec[]) => Kernelspecs,
  { mayMake, progress }: { mayMake: boolean; progress: Progress },
): Promise<readonly Kernelspec[]> {
  const made = await findPrivatePython(environment.dataDir);
  if (made) return [await privateKernelspec(made)];
  const installed = [...(await look([]).list()).values()];
  if (installed.some(({ spec }) => spec.language.toLowerCase() === 'python')) return [];
  if (!mayMake) return [];
  progress.step('No Jupyter kernel for Python is installed where Jupyter looks for them');
  const ofUser = await userKernelspec(environment.pythons.executable);
  if (ofUser) return [ofUser];
  try {
    return [
      await privateKernelspec(await makePrivatePython(environment.dataDir, (text) => progress.step(text))),
    ];
  } catch (error) {
    if (!(error instanceof UsageError) || installed.length === 0) throw error;
    progress.step(
      `${error.message} Going on with ${installed.map(({ spec }) => spec.display_name).join(', ')}`,
    );
    return [];
  }
}

async function privateKernelspec({ executable, prefix }: KernelPython): Promise<Kernelspec> {
  const resourceDir = join(prefix, 'share', 'jupyter', 'kernels', 'python3');
  const parsed: unknown = JSON.parse(await readFile(join(resourceDir, 'kernel.json'), 'utf8'));
  const spec = Value.Parse(KernelspecFile, parsed);
  // The file says `python`, which on PATH is another one.
  return { name: 'python3', resourceDir, spec: { ...spec, argv: [executable, ...spec.argv.slice(1)] } };
}

/** As jupyter_client does: ipykernel without a kernelspec of its own is still a kernel. */
async function userKernelspec(python: string | undefined): Promise<Kernelspec | undefined> {
  if (python === undefined) return undefined;
  try {
    const { stdout } = await run(
      python,
      ['-c', 'import ipykernel, os; print(os.path.join(os.path.dirname(ipykernel.__file__), "resources"))'],
      {
        timeout: 20_000,
      },
    );
    return {
      name: 'python3',
      resourceDir: stdout.trim(),
      spec: {
        argv: [python, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
        display_name: 'Python 3 (ipykernel)',
        language: 'python',
        metadata: { debugger: true },
      },
    };
  } catch {
    return undefined; // that Python has no ipykernel: a private one is made
  }
}
