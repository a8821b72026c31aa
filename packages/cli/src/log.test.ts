import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { openLog } from './log.ts';

function collect(): { stream: Writable; text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}

test('[B13] on a terminal a line is for people, with an error’s stack below', () => {
  const { stream, text } = collect();
  openLog('info', { stream, forPeople: true }).warn({ err: new Error('boom'), kernelId: 'k1' }, 'it failed');
  expect(text()).toMatch(/^\[W \d\d:\d\d:\d\d\] it failed \(kernelId=k1\)\n    Error: boom\n/);
});

test('[B13] elsewhere a line is JSON', () => {
  const { stream, text } = collect();
  openLog('info', { stream, forPeople: false }).info({ port: 1 }, 'listening');
  expect(JSON.parse(text())).toMatchObject({ msg: 'listening', port: 1 });
});

test('[B14] secrets are censored', () => {
  const { stream, text } = collect();
  openLog('info', { stream, forPeople: false }).info({ token: 'abc', connection: { key: 'def' } }, 'x');
  expect(text()).not.toMatch(/abc|def/);
});
