// The built front end (`npm run build`) in Chromium, on the real server.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launchChromium, startPerijove, testPython, type PerijoveProcess } from '@perijove/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

type Browser = Awaited<ReturnType<typeof launchChromium>>;
type Page = Awaited<ReturnType<Browser['newPage']>>;

/** JupyterLab's application, as `--expose-app-in-browser` shows it. */
interface App {
  name: string;
  commands: { execute(id: string, args?: object): Promise<unknown> };
  listPlugins(): Iterable<string>;
  hasPlugin(id: string): boolean;
}

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** Opens the page; `complaints` collects what the console and the network find wrong. */
async function open(server: PerijoveProcess, options: { colorScheme?: 'light' | 'dark' } = {}) {
  const page = await browser.newPage({ colorScheme: options.colorScheme ?? 'light' });
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    // JupyterLab says so of every plugin when the machine is busy; that is about the machine.
    if (/^Plugin .* to activate\.$/.test(message.text())) return;
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(`${server.url}lab?token=${server.token}`);
  await page.waitForSelector('.jp-LauncherCard');
  await page.waitForSelector('#perijove-splash.done', { state: 'attached' });
  return { page, complaints, requests };
}

const execute = (page: Page, id: string, args: object = {}): Promise<unknown> =>
  page.evaluate(
    ([command, given]) =>
      appOf(window)
        .commands.execute(command, given)
        .then(() => undefined),
    [id, args] as const,
  );

// Runs in the page too, where only its own text exists: see `addInitScript` below.
declare function appOf(window: object): App;
const appOfSource = 'globalThis.appOf = (window) => window.jupyterapp;';

/** Runs code in a new notebook's first cell. */
async function runCell(page: Page, source: string): Promise<void> {
  await execute(page, 'notebook:create-new', { kernelName: 'python3' });
  await page.waitForSelector('.jp-Notebook-ExecutionIndicator[data-status="idle"]');
  await page.click('.jp-Notebook .cm-content');
  await page.keyboard.insertText(source);
  await page.keyboard.press('Shift+Enter');
}

describe('the page', () => {
  let server: PerijoveProcess;
  beforeAll(async () => {
    server = await startPerijove({ args: ['--expose-app-in-browser'], python: testPython() });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each(['light', 'dark'] as const)(
    '[L15] shows the launcher and complains of nothing: %s',
    async (colorScheme) => {
      const { page, complaints, requests } = await open(server, { colorScheme });
      expect(await page.title()).toBe('Perijove');
      expect(await page.locator('#jp-MainLogo svg').count()).toBe(1);
      expect(complaints).toEqual([]);
      // Two scripts and the styles; stock JupyterLab fetches some fifty.
      expect(requests.filter((url) => url.includes('/static/lab/'))).toHaveLength(3);
      await page.close();
    },
  );

  test('[L14] the token is gone from the address, the rest stays; a missing script is said', async () => {
    const page = await browser.newPage();
    // JupyterLab itself tidies the address later, so it is kept from starting.
    await page.route('**/static/lab/*.js', (route) => route.abort());
    await page.goto(`${server.url}lab?token=${server.token}&one=1#two`);
    await page.waitForSelector('#perijove-splash:has-text("could not be loaded")');
    expect(page.url()).toBe(`${server.url}lab?one=1#two`);
    await page.close();
  });

  test('[L7] stock plugins gave way', async () => {
    const { page } = await open(server);
    await page.evaluate(appOfSource);
    const present = await page.evaluate(() =>
      ['@jupyterlab/help-extension:about', '@perijove/lab:about'].map((id) => appOf(window).hasPlugin(id)),
    );
    expect(present).toEqual([false, true]);
    await page.close();
  });

  test('[L15] Help > About says what this is, in the dark theme too', async () => {
    const { page, complaints } = await open(server);
    await page.evaluate(appOfSource);
    await execute(page, 'apputils:change-theme', { theme: 'JupyterLab Dark' });
    await page.waitForSelector('body[data-jp-theme-name="JupyterLab Dark"]', { state: 'attached' });
    await page.click('.lm-MenuBar-item:has-text("Help")');
    await page.click('.lm-Menu-item:has-text("About Perijove")');
    expect(await page.locator('.perijove-About').textContent()).toMatch(
      /Perijove.*Version .*JupyterLab 4\.6/s,
    );
    await page.click('.jp-Dialog button:has-text("Close")');
    await execute(page, 'apputils:change-theme', { theme: 'JupyterLab Light' });
    expect(complaints).toEqual([]);
    await page.close();
  });
});

test('[L1] ipywidgets work with nothing but the compiled-in manager', async () => {
  // ipywidgets' own folder has a prebuilt copy, which would take the compiled one's place: only the kernel is named.
  const folder = await mkdtemp(join(tmpdir(), 'perijove-kernel-'));
  try {
    await mkdir(join(folder, 'kernels/python3'), { recursive: true });
    const argv = [testPython(), '-m', 'ipykernel_launcher', '-f', '{connection_file}'];
    await writeFile(
      join(folder, 'kernels/python3/kernel.json'),
      JSON.stringify({ argv, display_name: 'Python 3', language: 'python' }),
    );
    await using server = await startPerijove({
      args: ['--expose-app-in-browser'],
      env: { JUPYTER_PATH: folder },
    });
    const { page } = await open(server);
    expect(await page.evaluate('Object.keys(window._JUPYTERLAB ?? {})')).not.toContain(
      '@jupyter-widgets/jupyterlab-manager',
    );
    await page.evaluate(appOfSource);
    await runCell(page, 'import ipywidgets\nipywidgets.IntSlider(7)');
    await page.waitForSelector('.jupyter-widgets.widget-slider');
    await page.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('[L16] prebuilt extensions from PyPI: a theme, and one that reads cells', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perijove-prebuilt-'));
  try {
    const python = testPython();
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder];
    await promisify(execFile)(python, [
      ...pip,
      'catppuccin-jupyterlab==0.2.5',
      'jupyterlab-execute-time==3.3.0',
    ]);
    const labextensions = join(folder, 'share/jupyter/labextensions');
    expect(await readdir(labextensions)).toEqual(['catppuccin_jupyterlab', 'jupyterlab-execute-time']);
    await using server = await startPerijove({
      args: ['--expose-app-in-browser'],
      python,
      env: { JUPYTER_PATH: join(folder, 'share/jupyter') },
    });
    const { page, complaints } = await open(server);
    await page.evaluate(appOfSource);
    expect(complaints).toEqual([]);
    await execute(page, 'apputils:change-theme', { theme: 'Catppuccin Mocha' });
    await page.waitForSelector('body[data-jp-theme-name="Catppuccin Mocha"]', { state: 'attached' });
    await page.waitForFunction(
      () => getComputedStyle(document.body).getPropertyValue('--jp-layout-color1').trim() === '#181825',
    );
    await runCell(page, 'import time; time.sleep(0.1)');
    await page.waitForSelector('.execute-time:has-text("Last executed")');
    await page.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
