import type { ConnectionEvent } from '../connection-event.ts';
import { until } from './until.ts';

interface Receiver {
  onMessages: ((messages: Buffer[][]) => void) | undefined;
  onConnection: ((event: ConnectionEvent) => void) | undefined;
}

/** Takes what a socket receives and tells, to be asked for in order. */
export class Inbox {
  readonly messages: Buffer[][] = [];
  readonly events: ConnectionEvent[] = [];

  constructor(socket: Receiver) {
    socket.onMessages = (messages) => {
      for (const message of messages) this.messages.push(message);
    };
    socket.onConnection = (event) => this.events.push(event);
  }

  async next(): Promise<Buffer[]> {
    await until(() => this.messages.length > 0, 'a message');
    return this.messages.shift() ?? [];
  }

  async nextText(): Promise<string[]> {
    return (await this.next()).map(String);
  }

  /** Drops the events before it. */
  async event(type: ConnectionEvent['type']): Promise<ConnectionEvent> {
    await until(
      () => this.events.some((event) => event.type === type),
      `${type} of ${JSON.stringify(this.events)}`,
    );
    let event = this.events.shift();
    while (event !== undefined && event.type !== type) event = this.events.shift();
    if (event === undefined) throw new Error('unreachable');
    return event;
  }
}
