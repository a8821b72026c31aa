import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawMessage } from '@perijove/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal, type JournalOptions, type JournalRecord } from './journal.ts';
import { serverMessage } from './server-message.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perijove-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const warnings: string[] = [];
const log = {
  debug() {},
  info() {},
  warn: (_: object, message: string) => warnings.push(message),
  error() {},
};

function open(options: Partial<JournalOptions> = {}): Journal {
  return new Journal({
    folder,
    memoryBytes: 1000,
    fileBytes: 2 ** 20,
    rememberedSessions: 10,
    rememberSessionMs: 1000,
    log,
    now: () => 0,
    ...options,
  });
}

function line(text: string): RawMessage {
  return serverMessage({
    channel: 'iopub',
    msgType: 'stream',
    content: { name: 'stdout', text },
    session: 's',
  });
}

function appendLines(journal: Journal, from: number, count: number): Promise<void> {
  return new Promise((resolve) => {
    for (let index = from; index < from + count; index++) {
      journal.append([line(String(index))], undefined, (batch) => {
        if (batch.first === from + count - 1) resolve();
      });
    }
  });
}

async function readAll(journal: Journal, from = journal.oldest): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for (let next = from; next < journal.end;) {
    // oxlint-disable-next-line no-await-in-loop
    const page = await journal.read(next, 2000);
    records.push(...page.records);
    expect(page.next).toBeGreaterThan(next);
    next = page.next;
  }
  return records;
}

const textOf = ({ message }: JournalRecord): unknown =>
  (JSON.parse(message.content.toString()) as { text: string }).text;
const segments = (): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.journal'))
    .toSorted();

test('[J1] messages are numbered from 1 without a gap, and read back in order from any number', async () => {
  const journal = open();
  await appendLines(journal, 1, 500);
  expect([journal.oldest, journal.end]).toEqual([1, 501]);
  for (const from of [1, 2, 250, 499, 500]) {
    // oxlint-disable-next-line no-await-in-loop
    const records = await readAll(journal, from);
    expect(records.map(({ number }) => number)).toEqual(
      Array.from({ length: 501 - from }, (_, i) => from + i),
    );
    expect(textOf(records[0]!)).toBe(String(from));
  }
  await journal.close();
});

test('[J2] memory holds a bounded number of bytes; what is older is in files of mode 0600', async () => {
  const journal = open({ memoryBytes: 2000 });
  await appendLines(journal, 1, 100);
  expect(await readAll(journal)).toHaveLength(100);
  const memoryOnly = open({ memoryBytes: 2000, fileBytes: 0 });
  await appendLines(memoryOnly, 1, 100);
  expect(memoryOnly.oldest).toBeGreaterThan(90);
  for (const name of segments()) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  await journal.close();
});

test('[J3] files hold a bounded number of bytes; the oldest go first', async () => {
  const fileBytes = 64 * 1024;
  const journal = open({ fileBytes });
  await appendLines(journal, 1, 2000);
  expect(journal.oldest).toBeGreaterThan(1);
  const records = await readAll(journal);
  expect(records.at(-1)!.number).toBe(2000);
  expect(records).toHaveLength(2001 - journal.oldest);
  await journal.close();
  const total = segments().reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(total).toBeLessThanOrEqual(fileBytes);
  expect(total).toBeGreaterThan(fileBytes / 2);
});

test('[J4] what was handed on is in a file: a successor has it and numbers on, though nothing was closed', async () => {
  const journal = open();
  await appendLines(journal, 1, 50);
  const successor = open();
  expect([successor.oldest, successor.end]).toEqual([1, 51]);
  expect(successor.leftAt).toBeTypeOf('number');
  await appendLines(successor, 51, 10);
  const records = await readAll(successor);
  expect(records.map(textOf)).toEqual(Array.from({ length: 60 }, (_, i) => String(i + 1)));
  await successor.close();
  await journal.close();
});

test('[J5] large messages are written by a thread, and handed on in order with what comes meanwhile', async () => {
  const journal = open({ fileBytes: 2 ** 24 });
  const order: number[] = [];
  const done = new Promise<void>((resolve) => {
    const handOn = (batch: { first: number }): void => {
      order.push(batch.first);
      if (order.length === 5) resolve();
    };
    journal.append([line('a')], undefined, handOn);
    journal.append([line('b'.repeat(300_000))], undefined, handOn);
    expect(journal.pendingBytes).toBeGreaterThan(300_000);
    journal.append([line('c')], undefined, handOn);
    journal.append([line('d'.repeat(300_000))], undefined, handOn);
    journal.append([line('e')], undefined, handOn);
  });
  expect(order.length).toBeLessThanOrEqual(1);
  await done;
  expect(order).toEqual([1, 2, 3, 4, 5]);
  expect(journal.pendingBytes).toBe(0);
  await journal.close();
  const records = await readAll(open());
  expect(records.map((record) => String(textOf(record)).length)).toEqual([1, 300_000, 1, 300_000, 1]);
});

test('[J6] a half-written end is cut off at the last whole record, wherever it was torn', async () => {
  const journal = open();
  await appendLines(journal, 1, 5);
  await journal.close();
  const path = join(folder, segments()[0]!);
  const whole = readFileSync(path);
  const ends: number[] = [];
  for (let size = whole.length; size >= 0; size -= 7) {
    writeFileSync(path, whole);
    truncateSync(path, size);
    const recovered = open();
    ends.push(recovered.end);
    // oxlint-disable-next-line no-await-in-loop
    const texts = (await readAll(recovered)).map(textOf);
    expect(texts).toEqual(Array.from({ length: recovered.end - 1 }, (_, i) => String(i + 1)));
  }
  expect(ends[0]).toBe(6);
  expect(ends.at(-1)).toBe(1);
});

test('[J6] any bytes at the end, or anywhere, are never fatal', async () => {
  const journal = open();
  await appendLines(journal, 1, 5);
  await journal.close();
  const path = join(folder, segments()[0]!);
  const whole = readFileSync(path);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), fc.nat(), async (bytes, position) => {
      writeFileSync(path, whole);
      appendFileSync(path, bytes);
      const damaged = readFileSync(path);
      damaged.set(bytes.subarray(0, damaged.length - (position % damaged.length)), position % damaged.length);
      writeFileSync(path, damaged);
      const recovered = open();
      for (let next = recovered.oldest; next < recovered.end;) {
        const page = await recovered.read(next, 1000);
        next = page.next;
      }
      const numbered = recovered.end;
      await appendLines(recovered, numbered, 1);
      expect(recovered.end).toBe(numbered + 1);
      await recovered.remove();
      open();
    }),
    { numRuns: 200 },
  );
});

test('[J7] where nothing can be written, messages are kept in memory, and it is said once', async () => {
  const blocked = join(folder, 'file');
  writeFileSync(blocked, '');
  warnings.length = 0;
  const journal = open({ folder: join(blocked, 'journal'), memoryBytes: 10_000 });
  await appendLines(journal, 1, 10);
  expect(await readAll(journal)).toHaveLength(10);
  expect(warnings).toHaveLength(1);
});

test('[J7] files that are taken away while it runs do not stop it; what is gone is skipped', async () => {
  const journal = open({ memoryBytes: 1000, fileBytes: 64 * 1024 });
  await appendLines(journal, 1, 100);
  rmSync(folder, { recursive: true });
  await appendLines(journal, 101, 500);
  const records = await readAll(journal);
  expect(records.at(-1)!.number).toBe(600);
  await journal.close();
});

test('[J8] a session goes on where it left, also in a successor; who was connected to a crashed server had seen all', async () => {
  const journal = open();
  await appendLines(journal, 1, 10);
  journal.sessions.connected('stays');
  journal.sessions.connected('leaves');
  journal.sessions.left('leaves', 4);
  expect(journal.sessions.nextFor('leaves')).toBe(4);
  expect(journal.sessions.nextFor('unknown')).toBeUndefined();
  await journal.sessions.flush();
  const successor = open();
  expect(successor.sessions.nextFor('leaves')).toBe(4);
  expect(successor.sessions.nextFor('stays')).toBe(11);
});

test('[J8] what changes while the list is being written is written next, in order, and nothing after the end', async () => {
  const journal = open();
  for (let next = 1; next <= 20; next++) {
    journal.sessions.left('a', next);
    void journal.sessions.flush();
  }
  await appendLines(journal, 1, 30);
  journal.sessions.left('a', 21);
  await journal.close();
  journal.sessions.left('a', 22);
  await journal.sessions.flush();
  expect(open().sessions.nextFor('a')).toBe(21);
});

test('[J8] the list of a kernel that is gone does not come back', async () => {
  const journal = open();
  journal.sessions.left('a', 1);
  void journal.sessions.flush();
  await journal.remove();
  journal.sessions.left('a', 2);
  await journal.sessions.flush();
  expect(existsSync(folder)).toBe(false);
});

test('[J8] sessions are forgotten after a time, and the oldest when they are many', () => {
  let time = 0;
  const { sessions } = open({ now: () => time });
  sessions.left('a', 1);
  time = 1000;
  expect(sessions.nextFor('a')).toBe(1);
  time = 1001;
  expect(sessions.nextFor('a')).toBeUndefined();
  for (let index = 0; index < 20; index++) sessions.left(`s${index}`, index);
  expect(sessions.nextFor('s9')).toBeUndefined();
  expect(sessions.nextFor('s10')).toBe(10);
});

test('[J8] a damaged list of sessions is no list', () => {
  for (const text of ['', '{', '[[]]', '[["a"]]', '[["a",{"next":"x"}]]', '{"a":1}', '[["a",null]]']) {
    writeFileSync(join(folder, 'sessions.json'), text);
    expect(open().sessions.nextFor('a')).toBeUndefined();
  }
});
