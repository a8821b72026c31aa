import type { HeaderPeek, RawMessage } from '@perijove/protocol';

export interface PendingInput {
  readonly message: RawMessage;
  /** Who ran what asks; undefined: not known. */
  readonly session: string | undefined;
}

const limit = 64;

/** Requests for input that nobody has answered yet: there is one, or one a subshell. */
export class PendingInputs {
  /** By msg_id of the request for input. */
  readonly #pending = new Map<string, PendingInput & { readonly parentId: string }>();

  add(msgId: string, parentId: string, input: PendingInput): void {
    if (this.#pending.size >= limit) this.#pending.clear();
    this.#pending.set(msgId, { ...input, parentId });
  }

  all(): Iterable<PendingInput> {
    return this.#pending.values();
  }

  /** A client has answered. Clients that do not say what, answer everything. */
  answered(parent: HeaderPeek | undefined): void {
    if (parent === undefined || !this.#pending.delete(parent.msgId)) this.#pending.clear();
  }

  /** What asked has ended, so nothing waits for an answer. */
  ended(parentId: string): void {
    for (const [msgId, pending] of this.#pending)
      if (pending.parentId === parentId) this.#pending.delete(msgId);
  }

  clear(): void {
    this.#pending.clear();
  }
}
