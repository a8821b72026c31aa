import { expect, test } from 'vitest';
import { readJupyterTraits } from './jupyter-names.ts';

test('[B7] traits that we have too are read by our names, others are left alone', () => {
  const config = {
    ServerApp: { port: 9000, jpserver_extensions: { jupyterlab: true } },
    LabApp: { collaborative: true },
    Session: 3,
  };
  expect(readJupyterTraits(config, () => true)).toEqual({ port: 9000 });
  expect(readJupyterTraits(config, () => false)).toEqual({});
});

test.each([null, 3, 'text', []])('[B7] a configuration that is %j holds no settings', (config) => {
  expect(readJupyterTraits(config, () => true)).toEqual({});
});
