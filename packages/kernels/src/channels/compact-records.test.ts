import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compactRecords } from './compact-records.ts';
import type { JournalRecord } from './journal.ts';
import { serverMessage } from './server-message.ts';

type Said =
  | { kind: 'stream'; name: 'stdout' | 'stderr'; text: string; parent: string }
  | { kind: 'status'; state: 'busy' | 'idle'; parent: string }
  | { kind: 'display'; parent: string };

const parent = fc.constantFrom('a', 'b');
const said = fc.oneof(
  fc.record({
    kind: fc.constant('stream' as const),
    name: fc.constantFrom('stdout' as const, 'stderr' as const),
    text: fc.string(),
    parent,
  }),
  fc.record({
    kind: fc.constant('status' as const),
    state: fc.constantFrom('busy' as const, 'idle' as const),
    parent,
  }),
  fc.record({ kind: fc.constant('display' as const), parent }),
);

function record(what: Said, number: number): JournalRecord {
  const [msgType, content] =
    what.kind === 'stream'
      ? ['stream', { name: what.name, text: what.text }]
      : what.kind === 'status'
        ? ['status', { execution_state: what.state }]
        : ['display_data', { data: {} }];
  const parentHeader = Buffer.from(JSON.stringify({ msg_id: what.parent }));
  return {
    number,
    target: undefined,
    message: serverMessage({ channel: 'iopub', msgType, content, session: 's', parentHeader }),
  };
}

/** The text of each stream, and what else a page shows, in order. */
function shown(records: readonly JournalRecord[]): string[] {
  const result: string[] = [];
  for (const { message } of records) {
    const { msg_type: type } = JSON.parse(message.header.toString()) as { msg_type: string };
    const content = JSON.parse(message.content.toString()) as Record<string, string>;
    const of = message.parentHeader.toString();
    if (type === 'status' && content['execution_state'] === 'busy') continue;
    if (type === 'stream')
      for (const letter of content['text']!) result.push(`${of} ${content['name']} ${letter}`);
    else result.push(`${of} ${type}`);
  }
  return result;
}

test('[J9] a client that was behind is shown the same, letter for letter, and numbers rise', () => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 30 }), (all) => {
      const records = all.map(record);
      const compact = compactRecords(records);
      expect(shown(compact)).toEqual(shown(records));
      expect(compact.map(({ number }) => number)).toEqual(
        compact.map(({ number }) => number).toSorted((a, b) => a - b),
      );
      expect(compact.at(-1)?.number ?? -1).toBeLessThan(all.length);
    }),
  );
});

test('[J9] streams of a kind become one, and a busy that is over is left out', () => {
  const all: Said[] = [
    { kind: 'status', state: 'busy', parent: 'a' },
    { kind: 'stream', name: 'stdout', text: '1\n', parent: 'a' },
    { kind: 'stream', name: 'stdout', text: '2\n', parent: 'a' },
    { kind: 'status', state: 'idle', parent: 'a' },
    { kind: 'status', state: 'busy', parent: 'b' },
  ];
  const compact = compactRecords(all.map(record));
  expect(compact.map(({ number }) => number)).toEqual([2, 3, 4]);
  expect(compact[0]!.message.content.toString()).toBe('{"name":"stdout","text":"1\\n2\\n"}');
});
