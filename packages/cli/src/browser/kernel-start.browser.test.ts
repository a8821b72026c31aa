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
    startPerijove({ python: testPython(), args: ['--max-kernels', '1'] }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});
afterEach(() => endSessions(server));

const banner = (lab: LabPage) => lab.notebook.locator('.perijove-KernelStart');

test('[U63] a notebook whose kernel waits says for what, is usable meanwhile, and runs its cells when there is room', async () => {
  await writeNotebook(server, 'first.ipynb', ['']);
  await writeNotebook(server, 'second.ipynb', ['', '']);
  const first = await LabPage.open(browser, server, { path: 'first.ipynb' });
  await first.expectKernel('Idle');
  const second = await LabPage.open(browser, server, { path: 'second.ipynb' });
  const words = 'The only one in the queue: the one kernel that may run at a time is there.';
  await banner(second).getByRole('status').getByText(words).waitFor();
  await second.run(0, 'print("at last")');
  await second.expectPrompt(0, '[*]');
  await second.write(1, '# noted meanwhile');
  await second.saveAndWait();

  await first.choose('Kernel', 'Shut Down Kernel');
  await second.expectOutput(0, 'at last');
  await banner(second).waitFor({ state: 'hidden' });
  await first.close(/404/, /^Connection lost, reconnecting/, /WebSocket connection to .* failed/);
  await second.close();
});

test('[U64] a start that is cancelled leaves nothing, and the notebook stays', async () => {
  await writeNotebook(server, 'first.ipynb', ['']);
  await writeNotebook(server, 'second.ipynb', ['']);
  const first = await LabPage.open(browser, server, { path: 'first.ipynb' });
  await first.expectKernel('Idle');
  const second = await LabPage.open(browser, server, { path: 'second.ipynb' });
  await banner(second).getByRole('button', { name: 'Cancel' }).click();
  await banner(second).waitFor({ state: 'hidden' });
  await second.notebook.getByText('No Kernel').waitFor();
  expect(await (await server.fetch('api/kernels')).json()).toHaveLength(1);
  await first.close();
  await second.close(
    /404/,
    /^Connection lost, reconnecting/,
    /WebSocket connection to/,
    /Canceled future for/,
    /^History was unable/,
  );
});

test('[U65] a kernel that is slow to come says what it is at, and for how long', async () => {
  const folder = join(server.folders.home, '.local/share/jupyter/kernels/slow');
  await mkdir(folder, { recursive: true });
  const script =
    'import sys, time; time.sleep(6); sys.argv[1:] = ["-f", sys.argv[1]]; from ipykernel.kernelapp import main; main()';
  await writeFile(
    join(folder, 'kernel.json'),
    JSON.stringify({
      argv: [testPython(), '-c', script, '{connection_file}'],
      display_name: 'Slow',
      language: 'python',
    }),
  );
  await writeNotebook(server, 'slow.ipynb', [''], { kernelspec: { name: 'slow', display_name: 'Slow' } });
  const lab = await LabPage.open(browser, server, { path: 'slow.ipynb' });
  await banner(lab).getByText('Waiting for its first reply.').first().waitFor();
  await banner(lab)
    .getByText(/^[1-9] s$/)
    .waitFor();
  await lab.expectKernel('Idle');
  await banner(lab).waitFor({ state: 'hidden' });
  await lab.close();
});
