import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The Python of a kind that the tests use: `ipykernel7` has ipykernel 7, ipywidgets, nbconvert, bash_kernel and
 * jupyter_client; `ipykernel6` an older ipykernel alone. PERIJOVE_TEST_PYTHON and PERIJOVE_TEST_PYTHON6 name them, else
 * what `node tools/test-setup.js` has made. Throws if there is none: a suite that needs it does not run without.
 */
export function testPython(kind: 'ipykernel7' | 'ipykernel6' = 'ipykernel7'): string {
  const variable = kind === 'ipykernel7' ? 'PERIJOVE_TEST_PYTHON' : 'PERIJOVE_TEST_PYTHON6';
  const named = process.env[variable];
  if (named) return named;
  const python = readSetup()?.pythons?.[kind];
  if (python !== undefined && existsSync(python)) return python;
  throw new Error(`no Python with ${kind}: run \`node tools/test-setup.js\`, or set ${variable}`);
}

interface Setup {
  readonly pythons?: Readonly<Record<string, string>>;
}

function readSetup(): Setup | undefined {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  try {
    return JSON.parse(readFileSync(join(cache, 'perijove', 'test-venvs', 'setup.json'), 'utf8')) as Setup;
  } catch {
    // Never set up.
    return undefined;
  }
}
