import { Type, type Static } from 'typebox';

/** Settings of kernels' channels and journals. */
export const channelOptions = {
  queuedMessages: {
    schema: Type.Integer({ default: 1000, minimum: 1 }),
    help: 'Messages that may wait for a kernel that is not up yet. Further requests are answered with an error.',
  },
  queuedBytes: {
    schema: Type.Integer({ default: 128 * 2 ** 20, minimum: 1 }),
    help: 'The same, in bytes.',
  },
  outstandingRequests: {
    schema: Type.Integer({ default: 10_000, minimum: 1 }),
    help: 'Requests of which is remembered whose they are until the kernel replies. The reply to an older one goes to all clients.',
  },
  clientBufferBytes: {
    schema: Type.Integer({ default: 4 * 2 ** 20, minimum: 65_536 }),
    help: "Bytes that wait in a client's socket above which it is served from the journal at its own pace.",
  },
  rememberedSessions: {
    schema: Type.Integer({ default: 256, minimum: 0 }),
    help: 'Clients that went away of which each kernel remembers what they have seen.',
  },
  rememberSessionS: {
    schema: Type.Integer({ default: 24 * 3600, minimum: 0 }),
    help: 'For how long, in seconds.',
  },
  batchAboveRate: {
    schema: Type.Integer({ default: 500, minimum: 0 }),
    help: 'Messages a second of a kernel above which they are taken in batches. 0 takes each as it comes.',
  },
  batchDelayMs: {
    schema: Type.Integer({ default: 20, minimum: 1, maximum: 100 }),
    help: 'How long such a batch is waited for, in milliseconds.',
  },
  iopubConfirmMs: {
    schema: Type.Integer({ default: 3000, minimum: 0 }),
    help: 'How long to wait until anything is seen on iopub of a kernel that answers, before messages of clients go out.',
  },
  allowedMessageTypes: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: 'Types of messages that clients may send. Empty allows all.',
  },
  maxClientMessageBytes: {
    schema: Type.Integer({ default: 256 * 2 ** 20, minimum: 65_536 }),
    help: 'A larger message of a client closes its connection (1009).',
  },
  journalMemoryBytes: {
    schema: Type.Integer({ default: 4 * 2 ** 20, minimum: 0 }),
    help: "What is kept in memory of each kernel's messages, for clients that come back.",
  },
  journalFileBytes: {
    schema: Type.Integer({ default: 256 * 2 ** 20, minimum: 0 }),
    help: "What is kept of each kernel's messages in files, for clients that are slow or away, and for a server that takes over. 0 keeps none.",
  },
} as const;

export type ChannelOptions = {
  readonly [K in keyof typeof channelOptions]: Static<(typeof channelOptions)[K]['schema']>;
};
