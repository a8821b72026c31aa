import { expect, test } from 'vitest';
import { settingsFrom } from './socket-options.ts';

test.each([
  [{ routingId: Buffer.alloc(256, 1) }],
  [{ routingId: Buffer.from([0, 1]) }],
  [{ reconnectMs: -1 }],
  [{ maxMessageBytes: Number.NaN }],
  [{ handshakeTimeoutMs: 2 ** 31 }],
])('[Z36] %o is ZMTP_BAD_OPTION', (options) => {
  expect(() => settingsFrom(options)).toThrow(expect.objectContaining({ code: 'ZMTP_BAD_OPTION' }));
});

test('[Z36] every option has a default', () => {
  expect(settingsFrom({})).toEqual({
    routingId: Buffer.alloc(0),
    reconnectMs: 10,
    reconnectMaxMs: 1000,
    maxMessageBytes: 2_147_483_647,
    maxMessageFrames: 65_536,
    sendHighWaterBytes: 67_108_864,
    handshakeTimeoutMs: 10_000,
    maxHandshakes: 256,
    handover: true,
    maxSubscriptionBytes: 1_048_576,
  });
});
