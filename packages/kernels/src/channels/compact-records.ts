import { peekString, type RawMessage } from '@perijove/protocol';
import type { JournalRecord } from './journal.ts';

/**
 * What a client that was behind is sent instead of every single record: streams that follow each other are one, and a
 * `busy` that is over is left out. The numbers that remain still rise.
 */
export function compactRecords(records: readonly JournalRecord[]): JournalRecord[] {
  const kept = withoutPastBusy(records);
  const result: JournalRecord[] = [];
  for (let index = 0; index < kept.length;) {
    const run = streamRunAt(kept, index);
    result.push(run.length > 1 ? joinStreams(run) : kept[index]!);
    index += Math.max(1, run.length);
  }
  return result;
}

function withoutPastBusy(records: readonly JournalRecord[]): JournalRecord[] {
  const over = new Set<string>();
  const kept: JournalRecord[] = [];
  for (const record of records.toReversed()) {
    const { message } = record;
    if (message.channel === 'iopub' && typeOf(message) === 'status') {
      const parent = peekString(message.parentHeader, 'msg_id');
      const state = peekString(message.content, 'execution_state');
      if (state === 'idle') over.add(parent);
      else if (state === 'busy' && parent !== '' && over.has(parent)) continue;
    }
    kept.push(record);
  }
  return kept.toReversed();
}

/** The streams of the same name and parent that follow each other from `start` on. */
function streamRunAt(records: readonly JournalRecord[], start: number): JournalRecord[] {
  const run: JournalRecord[] = [];
  let parent = '';
  let name = '';
  for (let index = start; index < records.length; index++) {
    const record = records[index]!;
    const { message } = record;
    if (message.channel !== 'iopub' || message.buffers.length > 0 || typeOf(message) !== 'stream') break;
    const ownParent = peekString(message.parentHeader, 'msg_id');
    const ownName = peekString(message.content, 'name');
    if (index === start) {
      parent = ownParent;
      name = ownName;
    } else if (ownParent !== parent || ownName !== name) break;
    run.push(record);
  }
  return run;
}

/** One stream with the text of all, and the header and number of the last. */
function joinStreams(run: readonly JournalRecord[]): JournalRecord {
  const last = run.at(-1)!;
  const text = run.map(({ message }) => peekString(message.content, 'text')).join('');
  const name = peekString(last.message.content, 'name');
  return { ...last, message: { ...last.message, content: Buffer.from(JSON.stringify({ name, text })) } };
}

function typeOf(message: RawMessage): string {
  return peekString(message.header, 'msg_type');
}
