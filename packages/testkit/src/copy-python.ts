import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { KernelspecFile } from '@perijove/protocol';

/**
 * Copies a Python and what is installed in its environment into `folder`, for accounts that must not look where it is
 * (`/root`, somebody's home). Returns the kernelspec of its ipykernel.
 */
export async function copyPython(python: string, folder: string): Promise<KernelspecFile> {
  const { prefix, stdlib, packages, version } = JSON.parse(
    execFileSync(python, ['-c', whereItIs], { encoding: 'utf8' }),
  ) as Record<'prefix' | 'stdlib' | 'packages' | 'version', string>;
  const copy = join(folder, 'lib', `python${version}`);
  await mkdir(join(folder, 'bin'), { recursive: true });
  await cp(join(prefix, 'bin', `python${version}`), join(folder, 'bin', 'python'));
  for (const name of await readdir(join(prefix, 'lib')))
    // oxlint-disable-next-line no-await-in-loop
    if (name.startsWith('libpython')) await cp(join(prefix, 'lib', name), join(folder, 'lib', name));
  await cp(stdlib, copy, { recursive: true, filter: (path) => !leftOut.test(basename(path)) });
  await cp(packages, join(copy, 'site-packages'), {
    recursive: true,
    filter: (path) => !/^(debugpy|pip|setuptools|__pycache__)/.test(basename(path)),
  });
  return {
    argv: [join(folder, 'bin', 'python'), '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    display_name: 'Python',
    language: 'python',
    env: {
      LD_LIBRARY_PATH: join(folder, 'lib'),
      // Debian's looks elsewhere by itself.
      PYTHONPATH: join(copy, 'site-packages'),
      PYTHONDONTWRITEBYTECODE: '1',
    },
  };
}

const leftOut = /^(site-packages|dist-packages|test|tests|idlelib|ensurepip|config-.*|__pycache__)$/;
const whereItIs = `
import json, sys, sysconfig
print(json.dumps({"prefix": sys.base_prefix, "stdlib": sysconfig.get_path("stdlib"), "packages": sysconfig.get_path("purelib"), "version": "%d.%d" % sys.version_info[:2]}))`;
