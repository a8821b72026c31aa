import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { testPython } from '../test-python.ts';
import { startFakeKernel } from './fake-kernel.ts';

const program = `
import json, sys
from jupyter_client import BlockingKernelClient
client = BlockingKernelClient()
client.load_connection_file(sys.argv[1])
client.start_channels()
client.wait_for_ready(timeout=20)
outputs = []
reply = client.execute_interactive("print 2\\necho hi\\nraise no", timeout=20, output_hook=lambda m: outputs.append(m["msg_type"]))
alive = client.is_alive()
answers = []
client.execute_interactive("input name?", timeout=20, allow_stdin=True,
    stdin_hook=lambda m: client.input("me"), output_hook=lambda m: answers.append(m["content"].get("text")))
client.shutdown()
print(json.dumps({"status": reply["content"]["status"], "outputs": outputs, "answers": answers, "alive": alive}))
`;

test.each(['5.5', '5.3'] as const)(
  "[F9] Jupyter's own client is content with it (protocol %s)",
  async (protocolVersion) => {
    const folder = await mkdtemp(join(tmpdir(), 'perijove-fake-'));
    const kernel = await startFakeKernel({ protocolVersion });
    try {
      const file = join(folder, 'connection.json');
      await writeFile(file, JSON.stringify(kernel.connection));
      const { stdout } = await promisify(execFile)(testPython(), ['-c', program, file], { timeout: 50_000 });
      const { outputs, ...rest } = JSON.parse(stdout) as { outputs: string[] };
      expect(outputs.filter((type) => type !== 'status' && type !== 'execute_input')).toEqual([
        'stream',
        'stream',
        'execute_result',
        'error',
      ]);
      expect(rest).toMatchObject({ status: 'error', alive: true, answers: expect.arrayContaining(['me\n']) });
      expect(await kernel.ended).toEqual({ by: 'shutdown', restart: false });
    } finally {
      await kernel.close();
      await rm(folder, { recursive: true });
    }
  },
);
