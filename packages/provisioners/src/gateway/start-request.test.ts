import type { LaunchRequest } from '@perijove/kernels';
import { expect, test } from 'vitest';
import { startRequestBody } from './start-request.ts';

const request: LaunchRequest = {
  kernelId: '1-2-3-4-5',
  kernelspec: {
    name: 'python3',
    resourceDir: '',
    spec: { argv: ['python'], display_name: 'Python', language: 'python' },
  },
  cwd: '/notebooks/a',
  env: { KERNEL_FLAVOUR: 'of the client' },
  username: 'bob',
  resources: {},
};
const options = { env: {}, allowedEnvs: [], launchTimeoutS: 40, ownUsername: 'root', httpUser: '' };

test('[Y10] a start says what Jupyter gateway clients say: name, KERNEL_*, and nothing else of the environment', () => {
  const env = {
    KERNEL_FLAVOUR: 'of the server',
    KERNEL_POD: 'p',
    PATH: '/bin',
    HTTP_PROXY: 'x',
    SECRET: 's',
  };
  expect(startRequestBody(request, { ...options, env, allowedEnvs: ['HTTP_PROXY'] })).toEqual({
    name: 'python3',
    kernel_id: '1-2-3-4-5',
    env: {
      KERNEL_FLAVOUR: 'of the client',
      KERNEL_POD: 'p',
      HTTP_PROXY: 'x',
      KERNEL_ID: '1-2-3-4-5',
      KERNEL_LAUNCH_TIMEOUT: '40',
      KERNEL_WORKING_DIR: '/notebooks/a',
      KERNEL_USERNAME: 'bob',
    },
  });
});

test('[Y11] whose a kernel is, is who this server has verified; its own user may go by the name that its environment gives', () => {
  const env = { KERNEL_USERNAME: 'alice' };
  const usernameOf = (username: string, more = {}): string | undefined =>
    startRequestBody({ ...request, username, ...more }, { ...options, env }).env['KERNEL_USERNAME'];
  expect(usernameOf('bob')).toBe('bob');
  expect(usernameOf('bob', { env: { KERNEL_USERNAME: 'mallory' } })).toBe('bob');
  expect(usernameOf('root')).toBe('alice');
  expect(usernameOf('')).toBe('alice');
  expect(startRequestBody({ ...request, username: 'root' }, options).env).not.toHaveProperty(
    'KERNEL_USERNAME',
  );
});
