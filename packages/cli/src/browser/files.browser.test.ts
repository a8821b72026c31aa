import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launchChromium, startPerijove, testPython, type PerijoveProcess } from '@perijove/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { endSessions, LabPage, readNotebook, writeNotebook, type Browser } from './lab-page.ts';

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

test('[U40] a terminal runs what is typed and shows what it says', async () => {
  // It draws on a canvas: what stands there is read as a screen reader would.
  const settings = join(server.folders.home, '.jupyter/lab/user-settings/@jupyterlab/terminal-extension');
  await mkdir(settings, { recursive: true });
  await writeFile(join(settings, 'plugin.jupyterlab-settings'), '{"screenReaderMode": true}');
  const lab = await LabPage.open(browser, server);
  await lab.page.click('.jp-LauncherCard:has-text("Terminal")');
  const terminal = lab.page.locator('.jp-Terminal');
  await terminal.locator('.xterm').waitFor();
  await terminal.click();
  await lab.page.keyboard.type('echo "seven times six: $((6 * 7))" | tee typed.txt\n');
  const file = join(server.folders.root, 'typed.txt');
  await expect
    .poll(() => readFile(file, 'utf8').catch(() => ''), { timeout: 15_000 })
    .toBe('seven times six: 42\n');
  await terminal.getByText('seven times six: 42').first().waitFor({ state: 'attached' });
  await lab.close();
});

test('[U41] a file of several megabytes is uploaded as it is', async () => {
  const bytes = randomBytes(2.5 * 2 ** 20);
  const file = join(server.folders.base, 'random.bin');
  await writeFile(file, bytes);
  const lab = await LabPage.open(browser, server);
  let parts = 0;
  lab.page.on('request', (request) => {
    if (request.method() === 'PUT' && request.url().includes('random.bin')) parts += 1;
  });
  const [chooser] = await Promise.all([
    lab.page.waitForEvent('filechooser'),
    lab.page.click('[data-jp-item-name="uploader"]'),
  ]);
  await chooser.setFiles(file);
  await lab.page.waitForSelector('.jp-DirListing-item:has-text("random.bin")');
  const uploaded = join(server.folders.root, 'random.bin');
  await expect.poll(() => existsSync(uploaded), { timeout: 15_000 }).toBe(true);
  expect((await readFile(uploaded)).equals(bytes)).toBe(true);
  expect(parts).toBe(3);
  await lab.close();
});

test('[U42] the dark theme is chosen from the palette, and stays', async () => {
  const lab = await LabPage.open(browser, server);
  await lab.choosePalette('Use Theme: JupyterLab Dark');
  await expectTheme(lab, 'JupyterLab Dark');
  const file = join(
    server.folders.home,
    '.jupyter/lab/user-settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings',
  );
  await expect.poll(() => existsSync(file), { timeout: 15_000 }).toBe(true);
  expect(await readFile(file, 'utf8')).toMatch(/"theme": "JupyterLab Dark"/);
  await lab.reload();
  await expectTheme(lab, 'JupyterLab Dark');
  await lab.choosePalette('Use Theme: JupyterLab Light');
  await expectTheme(lab, 'JupyterLab Light');
  await lab.close();
});

test('[U43] of two tabs that save one notebook the second is asked first', async () => {
  await writeNotebook(server, 'both.ipynb', ['']);
  const one = await LabPage.open(browser, server, { path: 'both.ipynb' });
  const two = await LabPage.open(browser, server, { path: 'both.ipynb', context: one.page.context() });
  await two.cell(0).waitFor();
  await one.page.bringToFront();
  await one.write(0, 'a = "of the first"');
  await one.saveAndWait();
  await two.page.bringToFront();
  await two.write(0, 'b = "of the second"');
  await two.save();
  await two.dialog.waitFor();
  expect(await two.dialog.innerText()).toMatch(/changed on disk/i);
  expect(JSON.stringify(await readNotebook(server, 'both.ipynb'))).toContain('of the first');
  await two.dialog.locator('button', { hasText: 'Overwrite' }).click();
  await expect
    .poll(async () => JSON.stringify(await readNotebook(server, 'both.ipynb')), { timeout: 15_000 })
    .toContain('of the second');
  // Each tab hears what the kernel answers to the other's widgets.
  const other = /^Comm not found for comm id/;
  await two.close(/^Different hash found for both\.ipynb/, other);
  await one.close(other);
});

async function expectTheme(lab: LabPage, name: string): Promise<void> {
  await lab.page.waitForSelector(`body[data-jp-theme-name="${name}"]`, { state: 'attached' });
}
