// The kernel message as Jupyter's documentation defines it
// (https://jupyter-client.readthedocs.io/en/stable/messaging.html). Names on the wire keep Jupyter's spelling.

/** The channels that a client of a kernel sees. The heartbeat has no messages. */
export const channels = ['shell', 'control', 'stdin', 'iopub'] as const;
export type Channel = (typeof channels)[number];

export interface MessageHeader {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  /** ISO 8601, UTC. */
  date: string;
  /** Version of the messaging protocol, e.g. "5.4". */
  version: string;
  subshell_id?: string | null;
}

/** A message whose parts are still the bytes that came: what the hot path handles. JSON parts are UTF-8. */
export interface RawMessage {
  channel: Channel;
  header: Buffer;
  parentHeader: Buffer;
  metadata: Buffer;
  content: Buffer;
  buffers: readonly Buffer[];
}

/** A message with its JSON parts parsed: for what the server itself says or reads, not for what passes through. */
export interface Message {
  channel: Channel;
  header: MessageHeader;
  parent_header: Partial<MessageHeader>;
  metadata: Record<string, unknown>;
  content: Record<string, unknown>;
  buffers: readonly Buffer[];
}

/** Writes the JSON parts of a message as UTF-8. */
export function toRaw(message: Message): RawMessage {
  return {
    channel: message.channel,
    header: encodeJson(message.header),
    parentHeader: encodeJson(message.parent_header),
    metadata: encodeJson(message.metadata),
    content: encodeJson(message.content),
    buffers: message.buffers,
  };
}

/** Parses the JSON parts. Throws a SyntaxError for what is not JSON. */
export function fromRaw(raw: RawMessage): Message {
  return {
    channel: raw.channel,
    header: decodeJson(raw.header) as MessageHeader,
    parent_header: decodeJson(raw.parentHeader) as Partial<MessageHeader>,
    metadata: decodeJson(raw.metadata) as Record<string, unknown>,
    content: decodeJson(raw.content) as Record<string, unknown>,
    buffers: raw.buffers,
  };
}

function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

function decodeJson(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString('utf8'));
}
