import { randomUUID } from 'node:crypto';
import { on } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeV1, fromRaw, subprotocols } from '@perijove/protocol';
import {
  launchChromium,
  makeFolders,
  removeFolders,
  startPerijove,
  testPython,
  type PerijoveFolders,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { endSessions, LabPage, writeNotebook, type Browser } from './lab-page.ts';

let browser: Browser;
let folders: PerijoveFolders;
let server: PerijoveProcess;

beforeAll(async () => {
  folders = await makeFolders();
  [browser, server] = await Promise.all([launchChromium(), startPerijove({ folders, python: testPython() })]);
});
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
  await removeFolders(folders);
});
afterEach(() => endSessions(server));

describe('a page that is reloaded', () => {
  test('[U20] has its notebook, its kernel and what that knows, and runs cells', async () => {
    await writeNotebook(server, 'reload.ipynb', ['', '']);
    const lab = await LabPage.open(browser, server, { path: 'reload.ipynb' });
    await lab.run(0, 'x = "from before"; x');
    await lab.expectOutput(0, 'from before');
    await lab.saveAndWait();
    const [before] = await kernelIds();
    await lab.reload();
    await lab.expectOutput(0, 'from before');
    // At once, while the page is still finding its kernel.
    await lab.run(1, 'x + ", still"');
    await lab.expectOutput(1, 'from before, still');
    expect(await kernelIds()).toEqual([before]);
    await lab.close();
  });

  test('[U21] misses nothing that a cell prints meanwhile: who asks for it gets every line', async () => {
    await writeNotebook(server, 'printing.ipynb', ['', '']);
    const lab = await LabPage.open(browser, server, { path: 'printing.ipynb' });
    await lab.run(
      0,
      'import pathlib, time\nfor i in range(1_000_000):\n' +
        '    print("line", i, flush=True); time.sleep(0.005)\n' +
        '    if pathlib.Path("enough").exists(): break\nprint("last", i)',
    );
    await lab.expectOutput(0, 'line 10');
    await lab.reload();
    await lab.cell(1).waitFor();
    await writeFile(join(folders.root, 'enough'), '');
    const [id] = await kernelIds();
    const printed = await printedSince(id!, 0, /^last \d+$/m);
    const count = Number(/^last (\d+)$/m.exec(printed)![1]);
    expect(count).toBeGreaterThan(10);
    expect(printed).toBe(
      Array.from({ length: count + 1 }, (_, index) => `line ${index}\n`).join('') + `last ${count}\n`,
    );
    await lab.run(1, '"goes on"');
    await lab.expectOutput(1, 'goes on');
    await lab.close();
  });
});

test('[U22] a server that is killed and started again: the page is connected again by itself, and the kernel knows all', async () => {
  await writeNotebook(server, 'killed.ipynb', ['', '', '']);
  const lab = await LabPage.open(browser, server, { path: 'killed.ipynb' });
  await lab.run(0, 'x = "before the crash"; x');
  await lab.expectOutput(0, 'before the crash');
  await lab.saveAndWait();
  const [before] = await kernelIds();
  const { port } = new URL(server.url);
  await server.end('SIGKILL');
  await lab.expectKernel('Connecting');
  // Said while the page stays usable, and taken back by itself.
  const notice = lab.page.locator('.Toastify__toast', { hasText: 'The server does not answer' });
  await notice.waitFor();
  await lab.write(1, 'x + ", after');
  server = await startPerijove({ folders, python: testPython(), args: ['--port', port] });
  await lab.page.locator('.Toastify__toast', { hasText: 'Connected to the server again' }).waitFor();
  await lab.expectKernel('Idle');
  expect(await notice.count()).toBe(0);
  await lab.run(1, 'x + ", after it"');
  await lab.expectOutput(1, 'before the crash, after it');
  expect(await kernelIds()).toEqual([before]);
  await lab.saveAndWait();
  expect(await lab.dialog.count()).toBe(0);
  // What a page says whose server is away.
  await lab.close(
    /Connection lost/,
    /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/,
    /net::/,
    /Failed to fetch/,
  );
}, 120_000);

async function kernelIds(): Promise<string[]> {
  const kernels = (await (await server.fetch('api/kernels')).json()) as { id: string }[];
  return kernels.map(({ id }) => id);
}

/** What a program gets that asks for every message after a number, in our own framing, until the text is among it. */
async function printedSince(kernelId: string, after: number, until: RegExp): Promise<string> {
  const query = new URLSearchParams({
    session_id: randomUUID(),
    after: String(after),
    token: server.token,
  });
  const url = `${server.url.replace('http', 'ws')}api/kernels/${kernelId}/channels?${query.toString()}`;
  const websocket = new WebSocket(url, [subprotocols.numbered]);
  let printed = '';
  try {
    // Many messages may come at once: an iterator keeps those that nobody waits for yet.
    const messages = on(websocket, 'message', { signal: AbortSignal.timeout(20_000) });
    for await (const [data] of messages as AsyncIterable<[Buffer]>) {
      const { header, content } = fromRaw(decodeV1(data.subarray(8)));
      if (header.msg_type === 'stream' && content['name'] === 'stdout') printed += String(content['text']);
      if (until.test(printed)) break;
    }
  } finally {
    websocket.terminate();
  }
  return printed;
}
