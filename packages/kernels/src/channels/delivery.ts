import { encodeFrames, frameAt, type Framing, type RawMessage } from '@perijove/protocol';
import type { Batch } from './batch.ts';

/** A batch on its way to clients: encoded at most once for each framing, whoever asks first. */
export class Delivery {
  readonly batch: Batch;
  readonly #messages: readonly RawMessage[];
  #default: Buffer | undefined;
  #numbered: Buffer | undefined;

  constructor(batch: Batch, messages: readonly RawMessage[]) {
    this.batch = batch;
    this.#messages = messages;
  }

  /** All of it, for a batch that is for all. */
  frames(framing: Framing): Buffer {
    const { batch } = this;
    switch (framing) {
      case 'v1':
        return batch.bytes;
      case 'default':
        return (this.#default ??= encodeFrames('default', this.#messages, () => 0));
      case 'numbered':
        return (this.#numbered ??= encodeFrames('numbered', this.#messages, (index) => batch.first + index));
    }
  }

  /** What of it is for a session; undefined if nothing is. */
  framesFor(framing: Framing, session: string): Buffer | undefined {
    const { targets } = this.batch;
    if (targets === undefined || targets.every((target) => target === undefined || target === session)) {
      return this.frames(framing);
    }
    const all = this.frames(framing);
    const parts: Buffer[] = [];
    let at = 0;
    for (const target of targets) {
      const { end } = frameAt(all, at)!;
      if (target === undefined || target === session) parts.push(all.subarray(at, end));
      at = end;
    }
    if (parts.length === 0) return undefined;
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }
}
