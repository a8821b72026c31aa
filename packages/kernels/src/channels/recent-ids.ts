import { peekString } from '@perijove/protocol';
import type { Journal } from './journal.ts';

const pageBytes = 1024 * 1024;

/** The ids of the last `count` messages in a journal. */
export async function recentIds(journal: Journal, count: number): Promise<ReadonlySet<string>> {
  const { end } = journal;
  const ids = new Set<string>();
  for (let from = Math.max(journal.oldest, end - count); from < end;) {
    // oxlint-disable-next-line no-await-in-loop
    const page = await journal.read(from, pageBytes);
    for (const { message } of page.records) ids.add(peekString(message.header, 'msg_id'));
    from = page.next;
  }
  return ids;
}
