import { randomUUID } from 'node:crypto';
import type { Channel, RawMessage } from '@perijove/protocol';

const emptyObject = Buffer.from('{}');

/** Version of the messaging protocol that this server speaks by itself. */
const protocolVersion = '5.4';

export interface ServerMessage {
  readonly channel: Channel;
  readonly msgType: string;
  readonly content: object;
  /** Whose message it is to be taken for. */
  readonly session: string;
  readonly msgId?: string;
  /** Header of the message that this one answers, as bytes. */
  readonly parentHeader?: Buffer;
}

/** A message of the server's own: to the kernel, or to clients among those of the kernel. */
export function serverMessage(message: ServerMessage): RawMessage {
  const header = {
    msg_id: message.msgId ?? randomUUID(),
    msg_type: message.msgType,
    username: 'perijove',
    session: message.session,
    date: new Date().toISOString(),
    version: protocolVersion,
  };
  return {
    channel: message.channel,
    header: Buffer.from(JSON.stringify(header)),
    parentHeader: message.parentHeader ?? emptyObject,
    metadata: emptyObject,
    content: Buffer.from(JSON.stringify(message.content)),
    buffers: [],
  };
}
