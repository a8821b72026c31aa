import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Log } from './log.ts';
import { FileSessionStore } from './session-store.ts';

let folder: string;
let path: string;
let warnings: string[];
const log: Log = {
  debug() {},
  info() {},
  warn: (_fields, message) => void warnings.push(message),
  error() {},
};
const session = { id: 's', path: 'a.ipynb', name: '', type: 'notebook', kernelId: 'k', username: 'ada' };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-sessions-'));
  path = join(folder, 'sessions.json');
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

test('[K46] sessions are replaced as a whole, and only the owner may read them', async () => {
  const store = new FileSessionStore(path, log);
  expect(await store.load()).toEqual([]);
  await Promise.all(Array.from({ length: 50 }, (_, n) => store.save([{ ...session, id: `s${n}` }])));
  expect(await new FileSessionStore(path, log).load()).toEqual([{ ...session, id: 's49' }]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['sessions.json']);
});

test('[K46] a file that is cut off anywhere is set aside or read whole', async () => {
  const store = new FileSessionStore(path, log);
  await store.save([session]);
  const whole = await readFile(path);
  for (let length = 0; length < whole.length; length++) {
    await writeFile(path, whole.subarray(0, length));
    expect(await store.load()).toEqual(length === whole.length - 1 ? [session] : []);
  }
  expect(warnings).toHaveLength(whole.length - 1);
});

test.each([
  ['another version', JSON.stringify({ version: 2, data: [session] })],
  ['something else', '{"version":1,"data":{"hello":"world"}}'],
  ['one bad session among good ones', JSON.stringify({ version: 1, data: [session, { id: 1 }] })],
])('[K46] %s is set aside, and kept', async (_what, text) => {
  await writeFile(path, text);
  const store = new FileSessionStore(path, log);
  expect(await store.load()).toEqual([]);
  expect(warnings).toEqual(['a state file cannot be used; it was set aside']);
  const [aside] = (await readdir(folder)).filter((name) => name.includes('.aside-'));
  expect(await readFile(join(folder, aside!), 'utf8')).toBe(text);
});

test('[K46] a folder in its place is set aside; what a crash left half written goes', async () => {
  await mkdir(path);
  await writeFile(`${path}.77.abcd.tmp`, '{"version":1,"da');
  const store = new FileSessionStore(path, log);
  expect(await store.load()).toEqual([]);
  await store.save([session]);
  expect(await store.load()).toEqual([session]);
  expect((await readdir(folder)).some((name) => name.endsWith('.tmp'))).toBe(false);
});
