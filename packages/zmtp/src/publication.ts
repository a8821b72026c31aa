import type { Command } from './command.ts';
import type { Connection } from './connection.ts';
import { assertSendable, type Frames } from './frames.ts';
import { Subscriptions } from './subscriptions.ts';
import { ZmtpError } from './zmtp-error.ts';

/** The subscribers of a PUB or XPUB, and what each wants. */
export class Publication {
  readonly #maxSubscriptionBytes: number;
  readonly #highWaterBytes: number;
  readonly #subscribers = new Map<Connection, Subscriptions>();
  #droppedMessages = 0;

  constructor(settings: { readonly maxSubscriptionBytes: number; readonly sendHighWaterBytes: number }) {
    this.#maxSubscriptionBytes = settings.maxSubscriptionBytes;
    this.#highWaterBytes = settings.sendHighWaterBytes;
  }

  /** Once for each subscriber that would have had to have it. */
  get droppedMessages(): number {
    return this.#droppedMessages;
  }

  add(connection: Connection): void {
    this.#subscribers.set(connection, new Subscriptions());
  }

  remove(connection: Connection): Subscriptions | undefined {
    const subscriptions = this.#subscribers.get(connection);
    this.#subscribers.delete(connection);
    return subscriptions;
  }

  /** False if it was dropped for a subscriber that is above its high-water mark. */
  send(frames: Frames): boolean {
    assertSendable(frames);
    let isComplete = true;
    for (const [connection, subscriptions] of this.#subscribers) {
      if (!subscriptions.matches(frames[0]!)) continue;
      if (connection.bufferedBytes > this.#highWaterBytes) {
        this.#droppedMessages++;
        isComplete = false;
      } else {
        connection.send(frames);
      }
    }
    return isComplete;
  }

  /** Of ZMTP 3.1. Returns the frame that tells an XPUB's owner of it, if it changed something. */
  command(connection: Connection, { name, data }: Command): Buffer | undefined {
    if (name === 'SUBSCRIBE') return this.#change(connection, 1, data);
    if (name === 'CANCEL') return this.#change(connection, 0, data);
    return undefined;
  }

  /** The same for a message for which `isSubscription` holds, as ZMTP 3.0 has it. */
  message(connection: Connection, [frame]: Frames): Buffer | undefined {
    return frame === undefined
      ? undefined
      : this.#change(connection, frame[0] === 1 ? 1 : 0, frame.subarray(1));
  }

  #change(connection: Connection, verb: 0 | 1, topic: Buffer): Buffer | undefined {
    const subscriptions = this.#subscribers.get(connection);
    if (subscriptions === undefined) return undefined;
    if (verb === 0) return subscriptions.remove(topic) ? subscriptionFrame(0, topic) : undefined;
    const isNew = subscriptions.add(topic);
    if (subscriptions.bytes <= this.#maxSubscriptionBytes)
      return isNew ? subscriptionFrame(1, topic) : undefined;
    const message = `a subscriber's topics are over ${this.#maxSubscriptionBytes} bytes`;
    connection.destroy(new ZmtpError('ZMTP_TOO_LARGE', message));
    return undefined;
  }
}

/** A message of ZMTP 3.0 that stands for SUBSCRIBE or CANCEL. */
export function isSubscription(message: Frames): boolean {
  const verb = message[0]?.[0];
  return message.length === 1 && (verb === 0 || verb === 1);
}

export function subscriptionFrame(verb: 0 | 1, topic: Buffer): Buffer {
  return Buffer.concat([Buffer.from([verb]), topic]);
}
