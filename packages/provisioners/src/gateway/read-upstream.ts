import {
  decodeDefault,
  decodeV1,
  peekString,
  type Channel,
  type Framing,
  type RawMessage,
} from '@perijove/protocol';

export interface UpstreamMessage {
  /** In the gateway's journal; undefined where it does not number. */
  readonly number: number | undefined;
  readonly message: RawMessage;
}

const journalNotice = Buffer.from('perijove_journal');
const serverAway = Buffer.from('serverAway');

/** A WebSocket message of a gateway. Parts are views of `bytes`. Throws PROTOCOL_MALFORMED_FRAME. */
export function readUpstream(framing: Framing, bytes: Buffer, isBinary: boolean): UpstreamMessage {
  switch (framing) {
    case 'numbered': {
      // A frame too short for its number is too short for a message as well.
      const number = bytes.length < 8 ? 0 : bytes.readUInt32LE(0) + bytes.readUInt32LE(4) * 2 ** 32;
      return { number, message: decodeV1(bytes.subarray(8)) };
    }
    case 'v1':
      return { number: undefined, message: decodeV1(bytes) };
    case 'default':
      return { number: undefined, message: decodeDefault(bytes, isBinary) };
  }
}

/**
 * What is between a gateway and its clients, not the kernel's: where the gateway's journal stands, in numbers that are not ours.
 * That no gateway listened for a while is to be passed on.
 */
export function isForTheLink({ header, content, channel }: RawMessage): boolean {
  return channel === 'iopub' && header.includes(journalNotice) && !content.includes(serverAway);
}

/** The number that the gateway's next message will get, if this is the notice that says so. */
export function nextOfNotice({ header, content, channel }: RawMessage): number | undefined {
  if (channel !== 'iopub' || !header.includes(journalNotice)) return undefined;
  const next = /"next":(\d{1,15})\b/.exec(content.toString('latin1', 0, 200))?.[1];
  return next === undefined ? undefined : Number(next);
}

/** What stock gateways say on iopub of a kernel that will not come back. */
export function saysDead({ channel, header, content }: RawMessage): boolean {
  return (
    channel === 'iopub' &&
    peekString(header, 'msg_type') === 'status' &&
    peekString(content, 'execution_state') === 'dead'
  );
}

/** Calls back for each run of messages of one channel. */
export function byChannel(
  messages: RawMessage[],
  take: (channel: Channel, messages: RawMessage[]) => void,
): void {
  let start = 0;
  for (let index = 1; index <= messages.length; index++) {
    const { channel } = messages[start]!;
    if (index < messages.length && messages[index]!.channel === channel) continue;
    take(channel, start === 0 && index === messages.length ? messages : messages.slice(start, index));
    start = index;
  }
}
