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
