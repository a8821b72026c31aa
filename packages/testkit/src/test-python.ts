import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The Python of a kind that the tests use: `ipykernel7` has ipykernel 7, ipywidgets, nbconvert, bash_kernel and
 * jupyter_client; `ipykernel6` an older ipykernel alone; `jeg` Jupyter Enterprise Gateway 3.3 with its ipykernel (Python 3.11 and
 * newer); `gateway-clients` clients of Enterprise Gateway. Their variables name them, else what `node tools/test-setup.js` has
 * made. Throws if there is none: a suite that needs it does not run without.
 */
export function testPython(kind: keyof typeof variables = 'ipykernel7'): string {
  const variable = variables[kind];
  const named = process.env[variable];
  if (named) return named;
  const python = readSetup()?.pythons?.[kind];
  if (python !== undefined && existsSync(python)) return python;
  throw new Error(`no Python with ${kind}: run \`node tools/test-setup.js\`, or set ${variable}`);
}

const variables = {
  ipykernel7: 'PERIJOVE_TEST_PYTHON',
  ipykernel6: 'PERIJOVE_TEST_PYTHON6',
  jeg: 'PERIJOVE_TEST_JEG_PYTHON',
  'gateway-clients': 'PERIJOVE_TEST_GATEWAY_CLIENTS',
} as const;

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
