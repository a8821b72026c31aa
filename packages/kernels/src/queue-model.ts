import type { QueueModel } from '@perijove/protocol';
import type { Wait } from './admission.ts';
import { waitInWords } from './admission-words.ts';

/** A kernel's place in the queue as clients see it. */
export function queueOf(wait: Wait): { readonly message: string; readonly queue: QueueModel } {
  const { position, queued, shortage, wouldFree } = wait;
  return {
    message: waitInWords(wait),
    queue: {
      position,
      queued,
      reason: shortage.what,
      ...(shortage.what === 'turn'
        ? {}
        : { needs: shortage.needs, free: shortage.free, total: shortage.total }),
      would_free: [...wouldFree],
    },
  };
}
