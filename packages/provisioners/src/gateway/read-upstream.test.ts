import { encodeV1, encodeDefault, toRaw, type Channel, type RawMessage } from '@perijove/protocol';
import { expect, test } from 'vitest';
import { byChannel, isForTheLink, nextOfNotice, readUpstream, saysDead } from './read-upstream.ts';
import { retryDelayMs } from './retry-delay.ts';

function message(channel: Channel, msgType: string, content: Record<string, unknown> = {}): RawMessage {
  return toRaw({
    channel,
    header: { msg_id: 'm', msg_type: msgType, session: 's', username: '', date: '', version: '5.4' },
    parent_header: {},
    metadata: {},
    content,
    buffers: [],
  });
}

test('[Y12] a message of the gateway is read in each framing; only ours has a number', () => {
  const raw = message('iopub', 'stream', { text: 'x' });
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(2n ** 33n + 7n);
  expect(readUpstream('numbered', Buffer.concat([number, encodeV1(raw)]), true).number).toBe(2 ** 33 + 7);
  expect(readUpstream('v1', encodeV1(raw), true)).toMatchObject({ number: undefined });
  const { bytes, isBinary } = encodeDefault(raw);
  expect(readUpstream('default', bytes, isBinary).message.content.toString()).toBe('{"text":"x"}');
  expect(() => readUpstream('numbered', Buffer.alloc(5), true)).toThrow('v1 frame');
});

test("[Y12] where the gateway's journal stands is not for clients; that no gateway listened is", () => {
  const notice = message('iopub', 'perijove_journal', { oldest: 1, next: 42 });
  expect(isForTheLink(notice)).toBe(true);
  expect(nextOfNotice(notice)).toBe(42);
  expect(isForTheLink(message('iopub', 'perijove_journal', { lost: { reason: 'serverAway' } }))).toBe(false);
  expect(isForTheLink(message('iopub', 'stream', { text: 'perijove_journal' }))).toBe(false);
});

test('[Y12] a stock gateway says `dead` on iopub, which clients are told otherwise', () => {
  expect(saysDead(message('iopub', 'status', { execution_state: 'dead' }))).toBe(true);
  expect(saysDead(message('iopub', 'status', { execution_state: 'idle' }))).toBe(false);
});

test('[Y12] messages of one read are handed on by channel, in their order', () => {
  const runs: [Channel, number][] = [];
  const channels = ['iopub', 'iopub', 'shell', 'iopub'] as const;
  byChannel(
    channels.map((channel) => message(channel, 'x')),
    (channel, run) => runs.push([channel, run.length]),
  );
  expect(runs).toEqual([
    ['iopub', 2],
    ['shell', 1],
    ['iopub', 1],
  ]);
});

test('[Y13] waits between attempts double, within a bound, and are shorter by chance', () => {
  expect([0, 1, 2, 3].map((attempt) => retryDelayMs(attempt, 30_000, 0))).toEqual([100, 200, 400, 800]);
  expect(retryDelayMs(1000, 30_000, 0)).toBe(30_000);
  expect(retryDelayMs(2, 30_000, 1)).toBe(200);
});
