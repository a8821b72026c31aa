import type { RawMessage } from '@perijove/protocol';
import type { ChannelLimits } from './limits.ts';

/** Messages of clients that wait for their kernel, in order; bounded in number and bytes. */
export class MessageQueue {
  readonly #limits: Pick<ChannelLimits, 'queuedMessages' | 'queuedBytes'>;
  #messages: RawMessage[] = [];
  #bytes = 0;

  constructor(limits: Pick<ChannelLimits, 'queuedMessages' | 'queuedBytes'>) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#messages.length;
  }

  /** False, and not queued, if it would be more than is allowed. */
  add(message: RawMessage): boolean {
    const bytes = sizeOf(message);
    if (
      this.#messages.length >= this.#limits.queuedMessages ||
      this.#bytes + bytes > this.#limits.queuedBytes
    ) {
      return false;
    }
    this.#messages.push(message);
    this.#bytes += bytes;
    return true;
  }

  takeAll(): RawMessage[] {
    const messages = this.#messages;
    this.#messages = [];
    this.#bytes = 0;
    return messages;
  }
}

function sizeOf(message: RawMessage): number {
  const { header, parentHeader, metadata, content, buffers } = message;
  let size = header.length + parentHeader.length + metadata.length + content.length;
  for (const buffer of buffers) size += buffer.length;
  return size;
}
