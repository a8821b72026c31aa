import type { OverviewKernel } from '@perijove/protocol';
import { expect, test } from 'vitest';
import { kernelsTable } from './kernels-table.ts';

const kernel: OverviewKernel = {
  id: 'k1',
  user: 'ada',
  kernelspec: 'python3',
  displayName: 'Python 3',
  notebook: 'a.ipynb',
  phase: 'idle',
  sentence: 'Idle.',
  node: 'here',
  resources: {
    limit: { memoryBytes: 2 ** 31, cpus: 1 },
    request: {},
    used: { memoryBytes: 2 ** 28, cpus: 0.5 },
  },
  started: '1970-01-01T00:00:00.000Z',
  lastActivity: '1970-01-01T00:00:00.000Z',
  connections: 1,
};

test('kernels are a table in columns; what is not known is a dash', () => {
  const unknown = { ...kernel, user: 'b', resources: { limit: {}, request: {}, used: {} } };
  expect(kernelsTable([kernel, unknown], 300_000)).toBe(
    'USER  NOTEBOOK  KERNEL    MEMORY               CPU           ACTIVE     PHASE\n' +
      'ada   a.ipynb   Python 3  256 MiB of 2048 MiB  0.50 of 1.00  5 min ago  Idle.\n' +
      'b     a.ipynb   Python 3  –                    –             5 min ago  Idle.\n',
  );
  expect(kernelsTable([], 0)).toBe('');
});

test('a name does not command the terminal', () => {
  expect(kernelsTable([{ ...kernel, notebook: 'a\u001B[2Jb' }], 0)).not.toContain('\u001B');
});
