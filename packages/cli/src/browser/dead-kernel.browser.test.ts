import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launchChromium, startPerijove, testPython, type PerijoveProcess } from '@perijove/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { endSessions, LabPage, writeNotebook, type Browser } from './lab-page.ts';

let browser: Browser;
let server: PerijoveProcess;

beforeAll(async () => {
  [browser, server] = await Promise.all([
    launchChromium(),
    startPerijove({ python: testPython(), args: ['--no-auto-restart'] }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});
afterEach(() => endSessions(server));

/** A dead kernel's socket is refused, which is how JupyterLab learns that it is dead; the browser writes that down. */
const refusedSocket = [/^Connection lost, reconnecting/, /WebSocket connection to .* failed.* 503/];

test('[U30] a kernel that ended says with which code, and what it last wrote', async () => {
  await writeNotebook(server, 'exit.ipynb', ['', '']);
  const lab = await LabPage.open(browser, server, { path: 'exit.ipynb' });
  // ipykernel passes on what is written there by a thread, which needs a moment.
  await lab.run(0, 'import os, time\nos.write(2, b"the disk is on fire\\n")\ntime.sleep(0.5)\nos._exit(3)');
  await lab.dialog.waitFor();
  expect(await lab.dialog.innerText()).toMatch(/Kernel Is Not Running[^]*exited with code 3/i);
  await lab.dialog.getByText('the disk is on fire').waitFor();
  // One click.
  await lab.dialog.getByRole('button', { name: 'Start It Again' }).click();
  await lab.expectKernel('Idle');
  await lab.run(1, '"alive again"');
  await lab.expectOutput(1, 'alive again');
  await lab.close(...refusedSocket, /Canceled future for/);
});

test('[U31] a kernel that was killed says so', async () => {
  await writeNotebook(server, 'killed.ipynb', ['']);
  const lab = await LabPage.open(browser, server, { path: 'killed.ipynb' });
  await lab.run(0, 'import os; print("pid", os.getpid())');
  await lab.expectOutput(0, /pid \d+/);
  const pid = Number(/pid (\d+)/.exec(await lab.outputOf(0).innerText())![1]);
  process.kill(pid, 'SIGKILL');
  await lab.dialog.waitFor();
  expect(await lab.dialog.innerText()).toMatch(/killed by signal SIGKILL/i);
  await lab.dialog.getByRole('button', { name: 'Leave It' }).click();
  // The toolbar's button starts it, too.
  await lab.page.click('[data-command="notebook:restart-kernel"]');
  await lab.expectKernel('Idle');
  await lab.close(...refusedSocket, /Canceled future for/);
});

test('[U33] a cell that is run on a dead kernel says why it is dead, and runs once it is started again', async () => {
  await writeNotebook(server, 'dead.ipynb', ['', '', '']);
  const lab = await LabPage.open(browser, server, { path: 'dead.ipynb' });
  await lab.run(0, 'import os; os._exit(3)');
  const leave = lab.dialog.getByRole('button', { name: 'Leave It' });
  await leave.click();
  await lab.run(1, '"first"');
  expect(await lab.dialog.innerText()).toMatch(/Kernel Is Not Running[^]*exited with code 3/i);
  await leave.click();
  expect(await lab.outputOf(1).count()).toBe(0);
  await lab.write(0, '"zero"');
  // Several at once ask once.
  await lab.choose('Run', 'Run All Cells');
  await lab.dialog.getByRole('button', { name: 'Start It Again' }).click();
  await lab.expectOutput(0, 'zero');
  await lab.expectOutput(1, 'first');
  expect(await lab.dialog.count()).toBe(0);
  await lab.close(...refusedSocket, /Canceled future for/, /^History was unable to be retrieved/);
});

test('[U32] a kernelspec whose program is not there says which', async () => {
  const folder = join(server.folders.home, '.local/share/jupyter/kernels/broken');
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'kernel.json'),
    JSON.stringify({
      argv: ['/opt/gone/python', '{connection_file}'],
      display_name: 'Broken',
      language: 'python',
    }),
  );
  await writeNotebook(server, 'broken.ipynb', [''], {
    kernelspec: { name: 'broken', display_name: 'Broken' },
  });
  const lab = await LabPage.open(browser, server, { path: 'broken.ipynb' });
  await lab.dialog.waitFor();
  expect(await lab.dialog.innerText()).toContain('/opt/gone/python');
  await lab.dialog.getByRole('button', { name: 'Leave It' }).click();
  await lab.close(...refusedSocket, /^History was unable to be retrieved/);
});
