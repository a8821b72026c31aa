import { fromRaw, type Message, type RawMessage } from '@perijove/protocol';
import { KernelError } from '../kernel-error.ts';

interface Pending {
  resolve(reply: Message): void;
  reject(error: KernelError): void;
}

/** The server's own requests to the kernel that wait for their replies. */
export class ServerRequests {
  readonly #pending = new Map<string, Pending>();

  /** Resolves with the reply to `msgId`; rejects with KERNEL_NO_REPLY when `signal` is aborted or the kernel is left. */
  reply(msgId: string, what: string, signal: AbortSignal): Promise<Message> {
    return new Promise((resolve, reject) => {
      const abort = (): void => settle(() => reject(noReply(what, signal.reason)));
      const settle = (act: () => void): void => {
        signal.removeEventListener('abort', abort);
        this.#pending.delete(msgId);
        act();
      };
      this.#pending.set(msgId, {
        resolve: (reply) => settle(() => resolve(reply)),
        reject: (error) => settle(() => reject(error)),
      });
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort);
    });
  }

  /** Whether the message was a reply that somebody here waited for. */
  take(parentId: string, message: RawMessage): boolean {
    const pending = this.#pending.get(parentId);
    if (pending === undefined) return false;
    try {
      pending.resolve(fromRaw(message));
    } catch (error) {
      pending.reject(noReply('a reply that is not JSON', error));
    }
    return true;
  }

  rejectAll(why: string): void {
    for (const pending of this.#pending.values()) pending.reject(noReply(why, undefined));
  }
}

function noReply(what: string, cause: unknown): KernelError {
  return new KernelError('KERNEL_NO_REPLY', `the kernel did not answer: ${what}`, { cause });
}
