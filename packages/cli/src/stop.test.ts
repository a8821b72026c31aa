import { describe, expect, test } from 'vitest';
import { choose } from './stop.ts';
import type { ServerFile } from './server-file.ts';

const on = (port: number): ServerFile => ({
  base_url: '/',
  hostname: 'localhost',
  password: false,
  pid: port,
  port,
  root_dir: `/srv/${port}`,
  secure: false,
  sock: '',
  token: '',
  url: `http://localhost:${port}/`,
  version: '2',
});
const one = { all: false, mayBeNone: false };

describe('perijove stop', () => {
  test('[B12] the only server that runs needs no port', () => {
    expect(choose([on(1)], [], one)).toEqual([on(1)]);
  });

  test('[B12] with two, the port has to be said', () => {
    expect(() => choose([on(1), on(2)], [], one)).toThrow(
      'More than one server runs: 1 (/srv/1), 2 (/srv/2).',
    );
    expect(choose([on(1), on(2)], ['2'], one)).toEqual([on(2)]);
    expect(choose([on(1), on(2)], [], { ...one, all: true })).toHaveLength(2);
  });

  test('[B12] a port without a server is refused', () => {
    expect(() => choose([on(1)], ['3'], one)).toThrow('No server runs on port 3.');
    expect(() => choose([], [], one)).toThrow('No server is running.');
  });

  test('[B12] without a server, orphaned kernels alone may be ended', () => {
    expect(choose([], [], { all: false, mayBeNone: true })).toEqual([]);
  });
});
