// JupyterLab in Chromium on a real server, used as a person uses it: by what is seen, clicked and typed.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { launchChromium, PerijoveProcess } from '@perijove/testkit';
import { expect } from 'vitest';

export type Browser = Awaited<ReturnType<typeof launchChromium>>;
type BrowserContext = Awaited<ReturnType<Browser['newContext']>>;
export type Page = Awaited<ReturnType<BrowserContext['newPage']>>;
type Locator = ReturnType<Page['locator']>;

/** A cell as a notebook file has it, without what every cell has. */
export type CellSource = string | { readonly markdown: string };

interface OpenOptions {
  /** A notebook or a folder, relative to the root. Without it: the launcher. */
  readonly path?: string;
  /** One that is logged in already, to open another tab. */
  readonly context?: BrowserContext;
}

/** Waits as long as a busy machine may take to start a kernel. */
const patienceMs = 30_000;

/** What is of this browser without a graphics card, and not of the page. */
const always = [/GL Driver Message/];

let opened = 0;

export class LabPage {
  readonly page: Page;
  readonly server: PerijoveProcess;
  /** What the console and the network found wrong: see `expectNoComplaints`. */
  readonly complaints: string[] = [];
  readonly #ownsContext: boolean;

  private constructor(page: Page, server: PerijoveProcess, ownsContext: boolean) {
    this.page = page;
    this.server = server;
    this.#ownsContext = ownsContext;
    page.setDefaultTimeout(patienceMs);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('requestfailed', (request) => {
      const failure = request.failure()?.errorText ?? '';
      // A page that is left or reloaded lets go of what it was asking for.
      if (failure !== 'net::ERR_ABORTED') this.complaints.push(`${request.url()} ${failure}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.complaints.push(`${response.status()} ${response.url()}`);
    });
  }

  /** Opens JupyterLab in a workspace of its own, so that what earlier tests left open is not restored. */
  static async open(browser: Browser, server: PerijoveProcess, options: OpenOptions = {}): Promise<LabPage> {
    const context = options.context ?? (await browser.newContext({ viewport: { width: 1280, height: 800 } }));
    const lab = new LabPage(await context.newPage(), server, options.context === undefined);
    opened += 1;
    const at = options.path === undefined ? '' : `/tree/${options.path}`;
    await lab.page.goto(`${server.url}lab/workspaces/test${opened}${at}?token=${server.token}`);
    await lab.started();
    return lab;
  }

  async started(): Promise<void> {
    await this.page.waitForSelector('#perijove-splash.done', { state: 'attached' });
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.started();
  }

  /** Closes the page, which has to have had nothing to complain of but what the patterns allow. */
  async close(...allowed: readonly RegExp[]): Promise<void> {
    await this.page.close();
    if (this.#ownsContext) await this.page.context().close();
    this.expectNoComplaints(...allowed);
  }

  expectNoComplaints(...allowed: readonly RegExp[]): void {
    const patterns = [...always, ...allowed];
    expect(this.complaints.filter((text) => !patterns.some((pattern) => pattern.test(text)))).toEqual([]);
  }

  // What is seen.

  /** The notebook in front. */
  get notebook(): Locator {
    return this.page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)');
  }

  cell(index: number): Locator {
    return this.notebook.locator('.jp-Cell').nth(index);
  }

  outputOf(index: number): Locator {
    return this.cell(index).locator('.jp-OutputArea-output');
  }

  get dialog(): Locator {
    return this.page.locator('.jp-Dialog');
  }

  /** Waits until the cell's output contains the text. */
  async expectOutput(index: number, text: string | RegExp): Promise<void> {
    await this.outputOf(index).filter({ hasText: text }).first().waitFor();
  }

  async expectPrompt(index: number, prompt: string): Promise<void> {
    await this.cell(index).locator('.jp-InputPrompt', { hasText: prompt }).waitFor();
  }

  /** What the status bar says of the kernel: Starting, Idle, Busy, Connecting, … */
  async expectKernel(status: string, timeoutMs = patienceMs): Promise<void> {
    await this.page.locator('#jp-main-statusbar', { hasText: `| ${status}` }).waitFor({ timeout: timeoutMs });
  }

  // What is done.

  /** Writes code into the cell and runs it with Shift+Enter. */
  async run(index: number, code: string): Promise<void> {
    await this.write(index, code);
    await this.page.keyboard.press('Shift+Enter');
  }

  async write(index: number, code: string): Promise<void> {
    await this.cell(index).locator('.cm-content').click();
    await this.page.keyboard.press('ControlOrMeta+a');
    await this.page.keyboard.insertText(code);
  }

  /** Chooses from the menu bar: the labels of a menu and of what is in it. */
  async choose(menu: string, ...labels: readonly string[]): Promise<void> {
    await this.page.click(`.lm-MenuBar-item:has-text("${menu}")`);
    for (const label of labels) {
      // oxlint-disable-next-line no-await-in-loop -- a menu opens after another
      await this.page.locator('.lm-Menu-item:visible').filter({ hasText: label }).first().click();
    }
  }

  async choosePalette(label: string): Promise<void> {
    await this.page.keyboard.press('ControlOrMeta+Shift+C');
    await this.page.locator('.lm-CommandPalette-input:visible').fill(label);
    await this.page
      .locator('.lm-CommandPalette-item:visible')
      .filter({ has: this.page.getByText(label, { exact: true }) })
      .first()
      .click();
  }

  async save(): Promise<void> {
    await this.page.keyboard.press('ControlOrMeta+s');
  }

  /** Saves, and waits until the tab no longer says that there is anything to save. */
  async saveAndWait(): Promise<void> {
    await this.save();
    await this.page.waitForSelector('.lm-TabBar-tab.lm-mod-current.jp-mod-dirty', { state: 'detached' });
  }

  async accept(): Promise<void> {
    await this.dialog.locator('.jp-mod-accept').click();
  }
}

/** Writes a notebook into the server's root, as another program might. */
export async function writeNotebook(
  server: PerijoveProcess,
  path: string,
  cells: readonly CellSource[] = [''],
  metadata: object = {},
): Promise<void> {
  const notebook = {
    cells: cells.map((cell, index) => {
      const common = { id: `cell-${index}`, metadata: {} };
      return typeof cell === 'string'
        ? { ...common, cell_type: 'code', source: cell, execution_count: null, outputs: [] }
        : { ...common, cell_type: 'markdown', source: cell.markdown };
    }),
    metadata: {
      kernelspec: { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' },
      ...metadata,
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
  const file = join(server.folders.root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(notebook));
}

interface SavedNotebook {
  readonly cells: readonly {
    readonly source: string | readonly string[];
    readonly execution_count?: number | null;
    readonly outputs?: readonly {
      readonly output_type: string;
      readonly text?: string | readonly string[];
    }[];
  }[];
}

export async function readNotebook(server: PerijoveProcess, path: string): Promise<SavedNotebook> {
  return JSON.parse(await readFile(join(server.folders.root, path), 'utf8')) as SavedNotebook;
}

/** Ends what the tests have started, so that the next ones have the machine for themselves. */
export async function endSessions(server: PerijoveProcess): Promise<void> {
  const sessions = (await (await server.fetch('api/sessions')).json()) as { id: string }[];
  await Promise.all(sessions.map(({ id }) => server.fetch(`api/sessions/${id}`, { method: 'DELETE' })));
}
