import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AuditLog } from './audit-log.ts';

let folder: string;
let path: string;
let now = 0;
const logged: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-audit-'));
  path = join(folder, 'audit.jsonl');
  now = Date.parse('2026-11-25T10:00:00Z');
  logged.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

function open(
  options: { auditLog?: string; auditBufferBytes?: number; auditRefusalsPerSecond?: number } = {},
) {
  return new AuditLog({
    options: { auditLog: path, auditBufferBytes: 1024 * 1024, auditRefusalsPerSecond: 10, ...options },
    log: pino({}, { write: (line: string) => void logged.push(line) }),
    now: () => now,
  });
}
const lines = async (file = path): Promise<Record<string, unknown>[]> =>
  (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('[U1] a line each, in order, in a file that is the owner’s alone; what was there stays', async () => {
  for (const kernel of ['a', 'b']) {
    const audit = open();
    audit.write({ event: 'start', outcome: 'done', user: 'ada', kernel });
    audit.write({ event: 'stop', outcome: 'done', user: 'ada', kernel });
    await audit.close();
  }
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const time = '2026-11-25T10:00:00.000Z';
  expect(await lines()).toEqual(
    ['a', 'b'].flatMap((kernel) =>
      ['start', 'stop'].map((event) => ({ time, event, outcome: 'done', user: 'ada', kernel })),
    ),
  );
});

test('[U2] a file that was moved away is made anew, by itself and when told', async () => {
  const audit = open();
  const write = async (kernel: string): Promise<void> => {
    audit.write({ event: 'start', outcome: 'done', kernel });
    await expect.poll(async () => (await lines().catch(() => [])).at(-1)?.['kernel']).toBe(kernel);
  };
  await write('a');
  await rename(path, `${path}.1`);
  await write('b');
  await rename(path, `${path}.2`);
  await audit.reopen();
  await write('c');
  await audit.close();
  expect([
    (await lines(`${path}.1`)).length,
    (await lines(`${path}.2`)).length,
    (await lines()).length,
  ]).toEqual([1, 1, 1]);
});

test('[U3] refusals of one address are bounded and counted; those of others are written', async () => {
  const audit = open({ auditRefusalsPerSecond: 3 });
  for (let i = 0; i < 100; i++) audit.write({ event: 'refusal', outcome: 'refused', peer: '10.0.0.1' });
  audit.write({ event: 'refusal', outcome: 'refused', peer: '10.0.0.2' });
  await audit.close();
  const written = await lines();
  expect(written.filter(({ peer }) => peer === '10.0.0.1')).toHaveLength(3);
  expect(written.filter(({ peer }) => peer === '10.0.0.2')).toHaveLength(1);
  expect(written.at(-1)).toMatchObject({ event: 'leftOut', count: 97 });
});

test('[U4] what waits is bounded, and a text is cut; a disk that refuses is said once, and stops nobody', async () => {
  const audit = open({ auditBufferBytes: 10_000 });
  for (let i = 0; i < 10; i++) audit.write({ event: 'execute', outcome: 'done', code: 'x'.repeat(100_000) });
  await audit.close();
  const written = await lines();
  expect(written).toHaveLength(3);
  expect(String(written[0]?.['code']).length).toBeLessThan(5000);
  expect(written.at(-1)).toMatchObject({ event: 'leftOut', count: 8 });
  const broken = open({ auditLog: join(folder, 'none', 'audit.jsonl') });
  for (let i = 0; i < 3; i++) {
    broken.write({ event: 'start', outcome: 'done' });
    // oxlint-disable-next-line no-await-in-loop
    await broken.reopen();
  }
  expect(logged).toHaveLength(1);
});

test('[U5] a line break in a name makes no second line', async () => {
  const audit = open();
  audit.write({ event: 'refusal', outcome: 'refused', why: 'says that it is a\n{"event":"login"}' });
  await audit.close();
  expect(await lines()).toHaveLength(1);
});
