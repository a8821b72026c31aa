import { Type } from 'typebox';

export const eventOptions = {
  eventBufferBytes: {
    schema: Type.Integer({ default: 1024 * 1024, minimum: 4096 }),
    help: 'How many bytes of events a subscriber may leave unread before its WebSocket is closed (1013).',
  },
} as const;
