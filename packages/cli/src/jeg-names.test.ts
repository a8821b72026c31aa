import { expect, test } from 'vitest';
import { asOurs, jegFlags, jegVariables, unknownJegVariables } from './jeg-names.ts';
import { flagOf } from './option.ts';
import { parseOptions } from './parse-options.ts';
import { gatewaySections } from './sections.ts';

const options = new Set(gatewaySections.flatMap((section) => Object.keys(section.options)));
const read = (env: Record<string, string>, args: string[] = []) =>
  parseOptions(gatewaySections, {
    args,
    env: asOurs(env),
    files: [],
    variables: jegVariables,
    flags: jegFlags,
  }).values;

test('[JG15] every name of Enterprise Gateway leads to a setting that there is', () => {
  for (const option of Object.keys(jegVariables)) expect(options).toContain(option);
  const flags = new Set([...options].map((option) => `--${flagOf(option)}`));
  for (const flag of Object.values(jegFlags).filter((one) => one !== '--yes')) expect(flags).toContain(flag);
});

test('[JG15] its variables have their meaning, ours and flags go before them', () => {
  const env = { KG_PORT: '9001', EG_PORT: '9002', EG_AUTH_TOKEN: 'secret', EG_MAX_KERNELS_PER_USER: '-1' };
  expect(read(env)).toMatchObject({ port: 9002, token: 'secret', maxKernelsPerUser: 0 });
  expect(read({ ...env, PERIJOVE_PORT: '9003' })).toMatchObject({ port: 9003 });
  expect(read(env, ['--EnterpriseGatewayApp.port=9004'])).toMatchObject({ port: 9004 });
  expect(read({ EG_LIST_KERNELS: 'False', EG_CULL_CONNECTED: 'True' })).toMatchObject({
    listKernels: false,
    cullConnected: true,
  });
});

test('[JG15] lists may be written as there, and what is empty is not set', () => {
  expect(
    read({
      EG_CLIENT_ENVS: 'A,B',
      EG_UNAUTHORIZED_USERS: "{'root', 'bob'}",
      EG_ALLOWED_KERNELS: "['r_docker','python3']",
    }),
  ).toMatchObject({
    allowedEnvs: ['A', 'B'],
    unauthorizedUsers: ['root', 'bob'],
    allowedKernelspecs: ['r_docker', 'python3'],
  });
  expect(read({ EG_MAX_KERNELS: '', EG_WS_PING_INTERVAL_SECS: '0' })).toMatchObject({
    maxKernels: 0,
    websocketPingIntervalS: 30,
  });
});

test('[JG15] what means nothing here is told, what is always so is not', () => {
  expect(
    unknownJegVariables({
      EG_YARN_ENDPOINT: 'x',
      EG_PORT: '1',
      EG_AVAILABILITY_MODE: 'standalone',
      HOME: '/',
    }),
  ).toEqual(['EG_YARN_ENDPOINT']);
});
