import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  launchChromium,
  makeFolders,
  removeFolders,
  startPerijove,
  testPython,
  type PerijoveProcess,
} from '@perijove/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { endSessions, LabPage, writeNotebook, type Browser, type Page } from './lab-page.ts';

const bundle = fileURLToPath(new URL('../../../../dist/perijove.js', import.meta.url));
let browser: Browser;
let server: PerijoveProcess;

beforeAll(async () => {
  [browser, server] = await Promise.all([launchChromium(), startPerijove({ python: testPython() })]);
});
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});
afterEach(() => endSessions(server));

const row = (page: Page, text: string) => page.locator('.pjo-table tbody tr').filter({ hasText: text });

test('[U60] a tab shows each kernel with what it does and uses, live; Stop asks, and ends it', async () => {
  await writeNotebook(server, 'busy.ipynb', ['']);
  const lab = await LabPage.open(browser, server, { path: 'busy.ipynb' });
  await lab.expectKernel('Idle');
  await lab.choose('View', 'Kernel Overview');
  const kernel = row(lab.page, 'busy.ipynb');
  await kernel.getByText('Idle').waitFor();
  await kernel.getByText(/MiB of 2\.0 GiB/).waitFor();
  // From elsewhere: nobody touches the tab.
  await lab.page.getByRole('tab', { name: 'busy.ipynb' }).click();
  await lab.run(0, 'import time; time.sleep(600)');
  await lab.expectPrompt(0, '[*]');
  await lab.page.getByRole('tab', { name: 'Kernel Overview' }).click();
  await kernel.getByText('Computing').waitFor();
  await kernel.getByRole('button', { name: 'Interrupt the kernel of busy.ipynb' }).click();
  await kernel.getByText('Idle').waitFor();

  const stop = kernel.getByRole('button', { name: 'Stop the kernel of busy.ipynb' });
  await stop.press('Enter');
  await kernel.getByRole('button', { name: 'Keep' }).click();
  await stop.click();
  await kernel
    .getByRole('group', { name: 'Stop the kernel of busy.ipynb?' })
    .getByText('Stop', { exact: true })
    .click();
  await lab.page.getByText('No kernels are running.').waitFor();
  // The notebook behind the tab looks for its kernel.
  await lab.close(/404/, /^Connection lost, reconnecting/, /WebSocket connection to/, /Canceled future for/);
});

test('[U61] columns are sorted by a click or a key, and say so', async () => {
  await writeNotebook(server, 'one.ipynb', ['']);
  await writeNotebook(server, 'two.ipynb', ['']);
  const context = await browser.newContext();
  for (const path of ['one.ipynb', 'two.ipynb']) {
    // oxlint-disable-next-line no-await-in-loop
    const { status } = await server.fetch('api/sessions', {
      method: 'POST',
      body: JSON.stringify({ path, name: path, type: 'notebook', kernel: { name: 'python3' } }),
    });
    expect(status).toBe(201);
  }
  const page = await context.newPage();
  await page.goto(`${server.url}overview?token=${server.token}`);
  await row(page, 'two.ipynb').waitFor();
  // The token is in nobody's history.
  expect(page.url()).not.toContain('token');
  const names = () => page.locator('.pjo-table tbody tr .pjo-link').allInnerTexts();
  const heading = page.getByRole('button', { name: 'Kernel', exact: true });
  await heading.press('Enter');
  expect(await names()).toEqual(['one.ipynb', 'two.ipynb']);
  await heading.press('Enter');
  expect(await names()).toEqual(['two.ipynb', 'one.ipynb']);
  expect(await page.locator('th[aria-sort="descending"]').innerText()).toMatch(/^Kernel/);
  await context.close();
});

test('[U62] the page of a gateway: each sees their own, who may administer sees all, and a stranger logs in first', async () => {
  const folders = await makeFolders();
  const tokenOf = async (name: string): Promise<string> => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [bundle, 'token', 'add', `${name}-laptop`, '--user', name, '--json'],
      { env: { ...process.env, HOME: folders.home } },
    );
    return (JSON.parse(stdout) as { token: string }).token;
  };
  const [ada, bob] = [await tokenOf('ada'), await tokenOf('bob')];
  const gateway = await startPerijove({ command: 'gateway', python: testPython(), folders });
  for (const token of [ada, bob]) {
    // oxlint-disable-next-line no-await-in-loop
    const { status } = await fetch(new URL('api/kernels', gateway.url), {
      method: 'POST',
      headers: { authorization: `token ${token}` },
      body: JSON.stringify({ name: 'python3' }),
    });
    expect(status).toBe(201);
  }
  const look = async (token: string): Promise<Page> => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${gateway.url}?token=${token}`);
    await row(page, 'Python').first().waitFor();
    return page;
  };
  const [adas, all] = [await look(ada), await look(gateway.token)];
  await adas.getByText('1 kernel of yours').waitFor();
  expect(await adas.locator('body').innerText()).not.toContain('bob');
  await row(all, 'ada').waitFor();
  await row(all, 'bob').getByRole('button', { name: /^Stop/ }).click();
  await row(all, 'bob').getByText('Stop', { exact: true }).click();
  await all.getByText('1 kernel', { exact: true }).waitFor();

  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(`${gateway.url}overview`);
  expect(new URL(stranger.url()).pathname).toBe('/login');
  await gateway.end();
  await removeFolders(folders);
});
