import type { ExecutionState } from '@perijove/protocol';
import type { KernelConnection } from '../channels/kernel-link.ts';
import type { LifeChannels } from '../life-channels.ts';

/** Channels without sockets, for tests of a kernel's life: the test says when the kernel answers. Remembers what was asked of it. */
export class ScriptedChannels implements LifeChannels {
  readonly log: string[] = [];
  onActivity: (() => void) | undefined;
  /** Called for each request; its result is the reply. */
  onRequest: (msgType: string, content: object) => Promise<unknown> = () => Promise.resolve({});
  activity: { lastActivity: number; executionState: ExecutionState; connections: number };
  readonly #answersAtOnce: boolean;
  #answer = (): void => {};

  constructor({ answersAtOnce, lastActivity }: { answersAtOnce: boolean; lastActivity: number }) {
    this.#answersAtOnce = answersAtOnce;
    this.activity = { lastActivity, executionState: 'starting', connections: 0 };
  }

  connect(_connection: KernelConnection): void {
    this.log.push('connect');
  }
  ready(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      this.#answer = resolve;
      if (this.#answersAtOnce) resolve();
    });
  }
  /** The kernel's first reply comes. */
  answer(): void {
    this.#answer();
  }
  disconnect(): void {
    this.log.push('disconnect');
  }
  async request(
    channel: 'shell' | 'control',
    msgType: string,
    content: object,
    { signal }: { signal: AbortSignal },
  ): Promise<unknown> {
    this.log.push(`${channel} ${msgType} ${JSON.stringify(content)}`);
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      this.onRequest(msgType, content).then(resolve, reject);
    });
  }
  announce(state: string): void {
    this.log.push(`announce ${state}`);
  }
  restore(activity: { lastActivity: number; executionState: ExecutionState }): void {
    this.activity = { ...this.activity, ...activity };
  }
  /** The kernel or a client says something. */
  hear(activity: Partial<ScriptedChannels['activity']>): void {
    this.activity = { ...this.activity, ...activity };
    this.onActivity?.();
  }
  closeClients(code: number, reason: string): void {
    this.log.push(`closeClients ${code} ${reason}`);
  }
  dispose(): Promise<void> {
    this.log.push('dispose');
    return Promise.resolve();
  }
}
