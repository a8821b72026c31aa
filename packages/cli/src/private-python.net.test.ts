import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPrivatePython } from './private-python.ts';

test('[B11] an environment that was never completed is not taken for one', async () => {
  expect(await findPrivatePython(await mkdtemp(join(tmpdir(), 'perijove-data-')))).toBeUndefined();
});
