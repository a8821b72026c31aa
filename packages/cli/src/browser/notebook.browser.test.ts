import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launchChromium, startPerijove, testPython, type PerijoveProcess } from '@perijove/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  endSessions,
  LabPage,
  readNotebook,
  writeNotebook,
  type Browser,
  type CellSource,
} from './lab-page.ts';

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

/** A new notebook file, open in a page of its own. */
async function openNotebook(name: string, cells?: readonly CellSource[]): Promise<LabPage> {
  await writeNotebook(server, name, cells);
  const lab = await LabPage.open(browser, server, { path: name });
  await lab.cell(0).waitFor();
  return lab;
}

describe('the first minutes', () => {
  test('[U1] opens with a launcher, says Perijove and has its icon', async () => {
    const lab = await LabPage.open(browser, server);
    await lab.page.waitForSelector('.jp-LauncherCard:has-text("Python 3 (ipykernel)")');
    expect(await lab.page.title()).toContain('Perijove');
    const icon = await lab.page.locator('link[rel="icon"]').first().getAttribute('href');
    const answer = await fetch(new URL(icon!, server.url));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^image\//),
    ]);
    await lab.choose('Help', 'About Perijove');
    expect(await lab.dialog.innerText()).toMatch(/About Perijove[^]*JupyterLab 4\.6/);
    await lab.dialog.locator('button', { hasText: 'Close' }).click();
    // Nothing pops up that nobody asked for.
    expect(await lab.page.locator('.Toastify__toast').count()).toBe(0);
    await lab.close();
  });

  test('[U2] a notebook is made from the launcher; a cell runs and is numbered', async () => {
    const lab = await LabPage.open(browser, server);
    await lab.page.click('.jp-LauncherCard[data-category="Notebook"]:has-text("Python 3")');
    // At once, without waiting for the kernel.
    await lab.run(0, 'print("seven times six")\n6 * 7');
    await lab.expectOutput(0, 'seven times six');
    await lab.expectOutput(0, '42');
    await lab.expectPrompt(0, '[1]:');
    await lab.run(1, '_ + 1');
    await lab.expectOutput(1, '43');
    await lab.expectPrompt(1, '[2]:');
    expect(existsSync(join(server.folders.root, 'Untitled.ipynb'))).toBe(true);
    await lab.close();
  });

  test('[U3] without a mouse: a notebook is made, a cell written, run, and another one added', async () => {
    const lab = await LabPage.open(browser, server);
    const { keyboard } = lab.page;
    const python = lab.page.locator('.jp-LauncherCard[data-category="Notebook"]:has-text("Python 3"):focus');
    for (let pressed = 0; pressed < 20 && (await python.count()) === 0; pressed++) {
      // oxlint-disable-next-line no-await-in-loop -- one key after the other
      await keyboard.press('Tab');
    }
    await keyboard.press('Enter');
    await lab.cell(0).locator('.cm-content:focus').waitFor();
    await keyboard.type('"".join(["by ", "keys"])');
    await keyboard.press('Alt+Enter');
    await lab.expectOutput(0, "'by keys'");
    await lab.cell(1).locator('.cm-content:focus').waitFor();
    await lab.close();
  });
});

test('[U15] the example runs from top to bottom', async () => {
  const example = new URL('../../../../examples/welcome.ipynb', import.meta.url);
  await copyFile(example, join(server.folders.root, 'welcome.ipynb'));
  const lab = await LabPage.open(browser, server, { path: 'welcome.ipynb' });
  await lab.cell(0).waitFor();
  await lab.choose('Run', 'Run All Cells');
  await lab.expectOutput(1, 'Ganymede');
  await lab.cell(3).locator('[role="slider"]').waitFor();
  await lab.expectOutput(3, 'Europa     3.94 times round');
  await lab.close();
});

describe('a kernel', () => {
  test('[U4] a long cell is interrupted and says so; the next one runs', async () => {
    const lab = await openNotebook('interrupt.ipynb', ['', '']);
    await lab.run(0, 'import time\nprint("began", flush=True)\ntime.sleep(1000)');
    await lab.expectOutput(0, 'began');
    await lab.expectPrompt(0, '[*]:');
    await lab.page.click('[data-command="notebook:interrupt-kernel"]');
    await lab.expectOutput(0, 'KeyboardInterrupt');
    await lab.run(1, '"still here"');
    await lab.expectOutput(1, 'still here');
    await lab.close();
  });

  test('[U5] a restart forgets what the kernel knew, and the notebook goes on', async () => {
    const lab = await openNotebook('restart.ipynb', ['', '', '']);
    await lab.run(0, 'x = 5; x');
    await lab.expectOutput(0, '5');
    await lab.page.click('[data-command="notebook:restart-kernel"]');
    await lab.accept();
    await lab.dialog.waitFor({ state: 'detached' });
    await lab.run(1, 'x');
    await lab.expectOutput(1, "name 'x' is not defined");
    await lab.expectPrompt(1, '[1]:');
    await lab.run(2, '"goes on"');
    await lab.expectOutput(2, 'goes on');
    // JupyterLab's own words when it is told to restart a kernel.
    await lab.close(/^Connection lost, reconnecting in 0 seconds/, /Canceled future for debug_request/);
  });

  test('[U6] input() is asked for in the cell and answered there', async () => {
    const lab = await openNotebook('input.ipynb');
    await lab.run(0, 'name = input("Your name? ")\nprint("Hello,", name)');
    await lab.cell(0).locator('.jp-Stdin-prompt', { hasText: 'Your name?' }).waitFor();
    await lab.cell(0).locator('.jp-Stdin-input').click();
    await lab.page.keyboard.type('Ada');
    await lab.page.keyboard.press('Enter');
    await lab.expectOutput(0, 'Hello, Ada');
    await lab.close();
  });

  test('[U7] a slider moves Python, and Python moves the slider', async () => {
    const lab = await openNotebook('widget.ipynb', ['', '', '']);
    await lab.run(0, 'import ipywidgets\nslider = ipywidgets.IntSlider(7)\nslider');
    const handle = lab.cell(0).locator('[role="slider"]');
    await handle.focus();
    await lab.page.keyboard.press('ArrowRight');
    await lab.cell(0).locator('.widget-readout', { hasText: '8' }).waitFor();
    await lab.run(1, '"it is", slider.value');
    await lab.expectOutput(1, "('it is', 8)");
    await lab.run(2, 'slider.value = 40');
    await lab.cell(0).locator('.widget-readout', { hasText: '40' }).waitFor();
    await lab.close();
  });

  test('[U8] variables are shown by the debugger', async () => {
    const lab = await openNotebook('debug.ipynb', ['', '']);
    await lab.run(0, 'moons_of_jupiter = 97');
    await lab.expectPrompt(0, '[1]:');
    await lab.notebook.locator('.jp-DebuggerBugButton').click();
    await lab.notebook.locator('.jp-DebuggerBugButton[aria-pressed="true"]').waitFor();
    const variables = lab.page.locator('.jp-DebuggerVariables');
    await variables.locator('text=moons_of_jupiter').first().waitFor();
    expect(await variables.innerText()).toMatch(/moons_of_jupiter[^]*97/);
    await lab.close();
  });

  test('[U9] a prebuilt extension of the Python environment is loaded and works: execution times', async () => {
    const lab = await openNotebook('timed.ipynb');
    await lab.run(0, 'import time; time.sleep(0.1)');
    await lab
      .cell(0)
      .locator('.execute-time', { hasText: /Last executed at .* in \d+ms/ })
      .waitFor();
    await lab.close();
  });
});

describe('a notebook', () => {
  test('[U10] is renamed on the disk and keeps its kernel', async () => {
    const lab = await openNotebook('before.ipynb', ['', '']);
    await lab.run(0, 'x = "kept"');
    await lab.expectPrompt(0, '[1]:');
    await lab.choose('File', 'Rename Notebook');
    await lab.dialog.locator('input').first().fill('after.ipynb');
    await lab.accept();
    await lab.page.waitForSelector('.lm-TabBar-tab.lm-mod-current:has-text("after.ipynb")');
    await lab.run(1, 'x');
    await lab.expectOutput(1, 'kept');
    await lab.saveAndWait();
    expect(existsSync(join(server.folders.root, 'before.ipynb'))).toBe(false);
    expect((await readNotebook(server, 'after.ipynb')).cells[1]?.execution_count).toBe(2);
    await lab.close();
  });

  test('[U11] is saved as nbformat writes it, byte for byte', async () => {
    const lab = await openNotebook('bytes.ipynb', [{ markdown: '# Übersicht\n\n2 ≤ 3 \u{1f6f0}' }, '', '']);
    await lab.run(1, 'import ipywidgets\nprint("ä\\n" * 2)\n{"b": 1, "a": 0.1}');
    await lab.expectOutput(1, "'b': 1");
    await lab.run(2, '1 / 0');
    await lab.expectOutput(2, 'ZeroDivisionError');
    await lab.saveAndWait();
    const file = join(server.folders.root, 'bytes.ipynb');
    const program = 'import nbformat, sys; nbformat.write(nbformat.read(sys.argv[1], 4), sys.argv[2])';
    await promisify(execFile)(testPython(), ['-c', program, file, `${file}.peer`]);
    expect(await readFile(file, 'utf8')).toBe(await readFile(`${file}.peer`, 'utf8'));
    expect(await readFile(file, 'utf8')).toContain('Übersicht');
    await lab.close();
  });

  test('[U12] ten thousand lines: the last one is seen, and the file has all', async () => {
    const lab = await openNotebook('lines.ipynb');
    await lab.run(0, 'for i in range(10_000): print("line", i, flush=i % 100 == 0)');
    await lab.expectPrompt(0, '[1]:');
    await lab.expectOutput(0, 'line 9999');
    await lab.saveAndWait();
    const outputs = (await readNotebook(server, 'lines.ipynb')).cells[0]!.outputs!;
    const text = outputs.flatMap((output) => output.text ?? []).join('');
    expect(text).toBe(Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`).join(''));
    await lab.close();
  });

  test('[U13] its headings are in the table of contents, and lead there', async () => {
    const lab = await openNotebook('contents.ipynb', [
      { markdown: '# First\n\nText' },
      '1',
      { markdown: '## Second' },
    ]);
    await lab.page.click('.jp-SideBar [data-id="table-of-contents"]');
    const headings = lab.page.locator('.jp-TableOfContents .jp-tocItem-content');
    await headings.filter({ hasText: 'Second' }).waitFor();
    expect(await headings.allInnerTexts()).toEqual([
      expect.stringContaining('First'),
      expect.stringContaining('Second'),
    ]);
    await headings.filter({ hasText: 'Second' }).click();
    await lab.notebook.locator('.jp-Cell.jp-mod-active', { hasText: 'Second' }).waitFor();
    await lab.close();
  });

  test('[U14] is searched through, cell by cell, with a count', async () => {
    const lab = await openNotebook('search.ipynb', ['needle = 1', { markdown: 'a needle here' }, 'hay']);
    await lab.cell(0).locator('.cm-content').click();
    await lab.page.keyboard.press('ControlOrMeta+f');
    await lab.page.locator('.jp-DocumentSearch-input').fill('needle');
    await lab.page.locator('.jp-DocumentSearch-index-counter', { hasText: '/2' }).waitFor();
    await lab.page.keyboard.press('Escape');
    await lab.close();
  });
});
