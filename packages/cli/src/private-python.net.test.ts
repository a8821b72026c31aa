import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPrivatePython } from './private-python.ts';

async function environment(dataDir: string): Promise<string> {
  const prefix = join(dataDir, 'python-1-x');
  await mkdir(join(prefix, 'bin'), { recursive: true });
  await mkdir(join(prefix, 'share/jupyter/kernels/python3'), { recursive: true });
  await writeFile(join(prefix, 'bin/python'), '');
  await writeFile(join(prefix, 'share/jupyter/kernels/python3/kernel.json'), '{}');
  return prefix;
}

test('[B11] an environment counts only once it is pointed to, which is done last', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'perijove-data-'));
  expect(await findPrivatePython(dataDir)).toBeUndefined();
  const prefix = await environment(dataDir);
  expect(await findPrivatePython(dataDir)).toBeUndefined();
  await writeFile(join(dataDir, 'python.json'), JSON.stringify({ prefix }));
  expect(await findPrivatePython(dataDir)).toEqual({ prefix, executable: join(prefix, 'bin/python') });
});

test.each(['{"half', '[]', '{"prefix": ""}', '{"prefix": "/nowhere"}'])(
  '[B11] a pointer that says %j is no environment',
  async (text) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'perijove-data-'));
    await writeFile(join(dataDir, 'python.json'), text);
    expect(await findPrivatePython(dataDir)).toBeUndefined();
  },
);
