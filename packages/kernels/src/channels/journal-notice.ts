import type { RawMessage } from '@perijove/protocol';
import { serverMessage } from './server-message.ts';

/** Why messages are missing. `bound`: the journal did not hold them any more. `serverAway`: no server listened. */
type LossReason = 'bound' | 'serverAway';

interface Loss {
  readonly from: number;
  readonly to: number;
  /** null: nobody knows. */
  readonly messages: number | null;
  readonly reason: LossReason;
  /** ISO 8601. */
  readonly since?: string;
  readonly until?: string;
}

export interface JournalNotice {
  /** Number of the first message that is still there. */
  readonly oldest: number;
  /** The number that the next message will get. */
  readonly next: number;
  readonly lost?: Loss;
}

/** Tells clients that know of it where the journal stands; others do not know the type and leave it alone. */
export function journalNotice(notice: JournalNotice, session: string): RawMessage {
  return serverMessage({ channel: 'iopub', msgType: 'perijove_journal', content: notice, session });
}

/** Tells people, in the cell where it happened, how much is missing. */
export function lossText(
  from: number,
  to: number,
  parentHeader: Buffer | undefined,
  session: string,
): RawMessage {
  const count = to - from + 1;
  const text = `[Perijove: ${count} ${count === 1 ? 'message' : 'messages'} of this kernel could not be kept for this page, which was too slow or away for too long.]\n`;
  return serverMessage({
    channel: 'iopub',
    msgType: 'stream',
    content: { name: 'stderr', text },
    session,
    ...(parentHeader === undefined ? {} : { parentHeader }),
  });
}
