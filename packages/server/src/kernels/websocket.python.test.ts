import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPython } from '@perijove/testkit';
import { expect, test } from 'vitest';
import { startIpykernel, startTestChannels } from './test-channels.ts';

const python = testPython();

for (const framing of ['v1', 'default', 'numbered'] as const) {
  test(`[R1] a cell that is run before the kernel is up runs when it is, nothing lost (${framing})`, async () => {
    await using server = await startTestChannels();
    const client = await server.client({ framing });
    const msgId = client.execute('for i in range(50): print(i, flush=True)\n41 + 1');
    await using kernel = await startIpykernel(python);
    server.channels.connect(kernel.connection);
    const reply = await client.finished(msgId);
    expect(reply.content['status']).toBe('ok');
    expect(client.printed(msgId)).toBe(Array.from({ length: 50 }, (_, i) => `${i}\n`).join(''));
    const types = client.messages
      .filter((m) => m.parent_header.msg_id === msgId)
      .map((m) => m.header.msg_type);
    expect(types.slice(0, 2)).toEqual(['status', 'execute_input']);
    expect(types).toContain('execute_result');
  });
}

// In cells of 500 lines: a kernel's PUB drops what is not read of more than a thousand messages, which on a busy machine is not
// the server's doing. benchmarks/printed-lines.js prints them in one go, and fails if one is missing.
test('[R13] 20,000 flushed lines of a real kernel arrive, none lost, none twice', async () => {
  await using server = await startTestChannels();
  await using kernel = await startIpykernel(python);
  server.channels.connect(kernel.connection);
  const client = await server.client({ framing: 'v1' });
  let printed = '';
  for (let first = 0; first < 20_000; first += 500) {
    const msgId = client.execute(`for i in range(${first}, ${first + 500}): print(i, flush=True)`);
    // oxlint-disable-next-line no-await-in-loop -- one after the other is what it is about
    await client.finished(msgId, 60_000);
    printed += client.printed(msgId);
  }
  expect(printed).toBe(Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join(''));
});

test("[R5] a real kernel's input() is answered from a new tab", async () => {
  await using server = await startTestChannels();
  await using kernel = await startIpykernel(python);
  server.channels.connect(kernel.connection);
  const client = await server.client({ framing: 'v1' });
  const msgId = client.execute('print("Hello", input("Name? "))');
  await client.message((m) => m.header.msg_type === 'input_request');
  await client.close();
  const tab = await server.client({ framing: 'numbered' });
  const request = await tab.message((m) => m.header.msg_type === 'input_request');
  expect(request.content['prompt']).toBe('Name? ');
  tab.request('stdin', 'input_reply', { value: 'Io', status: 'ok' });
  await tab.message((m) => m.parent_header.msg_id === msgId && m.content['execution_state'] === 'idle');
  expect(tab.printed(msgId)).toBe('Hello Io\n');
});

test('[R18] a cell that runs while its server is killed: the successor has its output and its reply', async () => {
  const journalsFolder = await mkdtemp(join(tmpdir(), 'perijove-journals-'));
  await using kernel = await startIpykernel(python);
  await using killed = await startTestChannels({ journalsFolder });
  killed.channels.connect(kernel.connection);
  const client = await killed.client({ framing: 'v1' });
  const code = 'import time\nfor i in range(30):\n    print(i, flush=True)\n    time.sleep(0.1)';
  const msgId = client.execute(code);
  await client.message((m) => m.header.msg_type === 'stream' && String(m.content['text']).startsWith('4'));
  // As SIGKILL leaves it: the journal is not closed, nobody is told.
  killed.channels.disconnect();
  client.websocket.terminate();

  await using successor = await startTestChannels({ journalsFolder });
  const back = await successor.client({ framing: 'v1', session: client.session });
  successor.channels.connect(kernel.connection);
  const reply = await back.finished(msgId);
  expect(reply.content['status']).toBe('ok');
  const printed = client.printed(msgId) + back.printed(msgId);
  expect(printed.startsWith('0\n1\n2\n3\n4\n')).toBe(true);
  expect(printed.endsWith('28\n29\n')).toBe(true);
  const gap = back.messages.find((m) => m.content['lost'] !== undefined);
  expect(gap?.content['lost']).toMatchObject({ reason: 'serverAway', messages: null });
  await rm(journalsFolder, { recursive: true });
});

test('[R6] the debugger and subshells of a real kernel pass', async () => {
  await using server = await startTestChannels();
  await using kernel = await startIpykernel(python);
  server.channels.connect(kernel.connection);
  const client = await server.client({ framing: 'v1' });
  const debugged = client.request('control', 'debug_request', {
    type: 'request',
    seq: 1,
    command: 'debugInfo',
    arguments: {},
  });
  expect((await client.finished(debugged)).content['success']).toBe(true);
  const created = client.request('control', 'create_subshell_request', {});
  const { subshell_id: subshellId } = (await client.finished(created)).content;
  expect(subshellId).toEqual(expect.any(String));
  const sleeping = client.execute('import time; time.sleep(30)');
  await client.message((m) => m.header.msg_type === 'execute_input');
  const beside = client.request('shell', 'execute_request', { code: 'print("beside")', silent: false }, [], {
    subshell_id: String(subshellId),
  });
  await client.finished(beside);
  expect(client.printed(beside)).toBe('beside\n');
  kernel.process.kill('SIGINT');
  expect((await client.finished(sleeping)).content['ename']).toBe('KeyboardInterrupt');
});
