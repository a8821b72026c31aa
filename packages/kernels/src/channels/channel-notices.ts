import type { HeaderPeek, RawMessage } from '@perijove/protocol';
import type { Journal } from './journal.ts';
import { journalNotice, lossText } from './journal-notice.ts';
import { serverMessage } from './server-message.ts';

/** What the server says to clients among the kernel's messages, in the kernel's name. */
export class ChannelNotices {
  /**
   * Whose the messages are to be: JupyterLab drops what it has not worked off yet when the session in headers changes, so it
   * is the kernel's as soon as that is known.
   */
  session: string;
  readonly #journal: Journal;

  constructor(journal: Journal, session: string) {
    this.#journal = journal;
    this.session = session;
  }

  status(state: string, parentHeader?: Buffer): RawMessage {
    return serverMessage({
      channel: 'iopub',
      msgType: 'status',
      content: { execution_state: state },
      session: this.session,
      ...(parentHeader === undefined ? {} : { parentHeader }),
    });
  }

  /** Where the journal stands. */
  journal(): RawMessage {
    const { oldest, end } = this.#journal;
    return journalNotice({ oldest, next: end }, this.session);
  }

  /** A kernel's PUB keeps nothing for who is not there: how much was lost meanwhile, nobody knows. */
  away(since: number, until: number): RawMessage {
    const { oldest, end } = this.#journal;
    const lost = {
      from: end,
      to: end,
      messages: null,
      reason: 'serverAway',
      since: new Date(since).toISOString(),
      until: new Date(until).toISOString(),
    } as const;
    return journalNotice({ oldest, next: end + 1, lost }, this.session);
  }

  /** What one client cannot be given any more; `following` is the first that it can. */
  lost(from: number, to: number, following: RawMessage | undefined): RawMessage[] {
    const { oldest, end } = this.#journal;
    const lost = { from, to, messages: to - from + 1, reason: 'bound' } as const;
    const parentHeader = following?.channel === 'iopub' ? following.parentHeader : undefined;
    return [
      lossText(from, to, parentHeader, this.session),
      journalNotice({ oldest, next: end, lost }, this.session),
    ];
  }

  /** Answers as the kernel would, so that the client shows it and does not wait for ever. */
  queueFull(request: RawMessage, header: HeaderPeek, waiting: number): RawMessage[] {
    const content = {
      status: 'error',
      ename: 'KernelQueueFull',
      evalue: `the kernel cannot be reached yet, and ${waiting} messages wait for it already`,
      traceback: [],
    };
    const reply = serverMessage({
      channel: request.channel,
      msgType: header.msgType.replace(/_request$/, '_reply'),
      content,
      session: this.session,
      parentHeader: request.header,
    });
    return [reply, this.status('idle', request.header)];
  }
}
