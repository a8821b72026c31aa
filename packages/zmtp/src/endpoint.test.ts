import { expect, test } from 'vitest';
import { formatTcp, parseEndpoint } from './endpoint.ts';

test.each([
  ['tcp://127.0.0.1:5555', { transport: 'tcp', host: '127.0.0.1', port: 5555 }],
  ['tcp://a-host.example:1', { transport: 'tcp', host: 'a-host.example', port: 1 }],
  ['tcp://[::1]:65535', { transport: 'tcp', host: '::1', port: 65_535 }],
  ['tcp://[fe80::1%eth0]:80', { transport: 'tcp', host: 'fe80::1%eth0', port: 80 }],
  ['ipc:///run/kernel-1', { transport: 'ipc', path: '/run/kernel-1' }],
  ['ipc://relative/kernel:1', { transport: 'ipc', path: 'relative/kernel:1' }],
  ['ipc://@abstract', { transport: 'ipc', path: '\0abstract' }],
])('[Z30] %s can be connected to', (endpoint, expected) => {
  expect(parseEndpoint(endpoint, 'connect')).toEqual(expected);
});

test.each([
  ['tcp://*:0', { transport: 'tcp', host: '0.0.0.0', port: 0 }],
  ['tcp://127.0.0.1:*', { transport: 'tcp', host: '127.0.0.1', port: 0 }],
])('[Z30] %s can be bound', (endpoint, expected) => {
  expect(parseEndpoint(endpoint, 'bind')).toEqual(expected);
  expect(() => parseEndpoint(endpoint, 'connect')).toThrow(
    expect.objectContaining({ code: 'ZMTP_BAD_ENDPOINT' }),
  );
});

test.each([
  '',
  'tcp://',
  'tcp://host',
  'tcp://host:',
  'tcp://:5555',
  'tcp://host:65536',
  'tcp://host:-1',
  'tcp://::1:5555',
  'tcp://host:1/path',
  'tcp://host:1\n',
  'udp://host:1',
  'inproc://name',
  'ipc://',
  'ipc://a\0b',
  `ipc://${'x'.repeat(108)}`,
  `ipc://${'é'.repeat(54)}`,
])('[Z30] %j is ZMTP_BAD_ENDPOINT', (endpoint) => {
  for (const use of ['connect', 'bind'] as const) {
    expect(() => parseEndpoint(endpoint, use)).toThrow(
      expect.objectContaining({ code: 'ZMTP_BAD_ENDPOINT' }),
    );
  }
});

test('[Z31] an IPv6 address is written in brackets', () => {
  expect(formatTcp('::1', 80)).toBe('tcp://[::1]:80');
  expect(formatTcp('127.0.0.1', 80)).toBe('tcp://127.0.0.1:80');
});
