import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import type { FilesOf } from '../contents/user-files.ts';
import { ServerError } from '../errors.ts';
import type { TerminalOptions } from './options.ts';
import { openPty } from './pty.ts';
import { shellCommand, shellEnvironment } from './shell.ts';
import { Terminal } from './terminal.ts';

export interface TerminalsDeps {
  readonly options: TerminalOptions;
  readonly rootDir: string;
  /** Where each user has a folder: instead of `rootDir`. */
  readonly filesOf?: FilesOf | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Terminals run as the accounts of their users: what is to be run, and with what, to become that. Absent: as the server does. */
  readonly accounts?: TerminalAccounts | undefined;
  /** Whether the server itself was started in a terminal. */
  readonly hasTerminal: boolean;
  /** Known once the server listens. */
  readonly serverUrl: () => string;
  readonly log: FastifyBaseLogger;
}

export interface TerminalAccounts {
  environment(username: string, env: TerminalsDeps['env']): Promise<Record<string, string>>;
  command(username: string, argv: readonly string[]): Promise<readonly string[]>;
}

export interface NewTerminal {
  readonly name?: string | undefined;
  /** Relative to the root, or absolute. One that does not exist counts as none. */
  readonly cwd?: string | undefined;
  readonly command?: readonly string[] | undefined;
}

const firstSize = { rows: 25, cols: 80 };

/** The open terminals of a server. */
export class Terminals {
  readonly #deps: TerminalsDeps;
  readonly #terminals = new Map<string, Terminal>();
  /** Names of terminals that are just being opened. */
  readonly #opening = new Set<string>();
  #culling: NodeJS.Timeout | undefined;

  constructor(deps: TerminalsDeps) {
    this.#deps = deps;
  }

  get isEnabled(): boolean {
    return this.#deps.options.terminalsEnabled;
  }

  get size(): number {
    return this.#terminals.size;
  }

  list(): readonly Terminal[] {
    return [...this.#terminals.values()];
  }

  get(name: string): Terminal | undefined {
    return this.#terminals.get(name);
  }

  /**
   * Opens a terminal. Throws CONFLICT if the name is taken, BAD_REQUEST if it is none, UNAVAILABLE if there are too many or
   * this machine cannot.
   */
  async open(owner: string, request: NewTerminal = {}): Promise<Terminal> {
    const { options, hasTerminal, serverUrl, filesOf, accounts } = this.#deps;
    const name = this.#reserve(request.name);
    try {
      const { rootDir } = filesOf ? await filesOf(owner) : this.#deps;
      const env = accounts ? await accounts.environment(owner, this.#deps.env) : this.#deps.env;
      const command = request.command ?? shellCommand(options.terminalShell, env, hasTerminal);
      await assertExecutable(command[0] ?? '', env['PATH'] ?? '');
      const pty = await openPty({
        command: accounts ? await accounts.command(owner, command) : command,
        cwd: await folderIn(rootDir, request.cwd),
        env: shellEnvironment(env, firstSize, { rootDir, url: serverUrl() }),
        ...firstSize,
      });
      const terminal = new Terminal({ name, owner }, pty, {
        replayBytes: options.terminalReplayBytes,
        bufferBytes: options.terminalBufferBytes,
        slowClientTimeoutMs: options.terminalSlowClientTimeoutS * 1000,
      });
      this.#terminals.set(name, terminal);
      void terminal.exited.then(() => this.#forget(terminal));
      this.#startCulling();
      return terminal;
    } finally {
      this.#opening.delete(name);
    }
  }

  /** Resolves when the program is gone; false if there was no such terminal. */
  async terminate(name: string): Promise<boolean> {
    const terminal = this.#terminals.get(name);
    if (terminal === undefined) return false;
    await terminal.terminate();
    return true;
  }

  async close(): Promise<void> {
    clearInterval(this.#culling);
    this.#culling = undefined;
    await Promise.allSettled(this.list().map((terminal) => terminal.terminate()));
  }

  /** Terminals without input or output for longer than is allowed are ended. */
  async cull(now: Date): Promise<void> {
    const timeoutMs = this.#deps.options.terminalCullInactiveTimeoutS * 1000;
    if (timeoutMs <= 0) return;
    const inactive = this.list().filter(
      (terminal) => now.getTime() - terminal.lastActivity.getTime() > timeoutMs,
    );
    await Promise.all(
      inactive.map(async (terminal) => {
        this.#deps.log.warn({ terminal: terminal.name }, 'Closing a terminal that was not used');
        await terminal.terminate();
      }),
    );
  }

  #reserve(wanted: string | undefined): string {
    if (this.#terminals.size + this.#opening.size >= this.#deps.options.terminalLimit) {
      throw new ServerError(
        'UNAVAILABLE',
        `${this.#terminals.size} terminals are open, which is as many as may be`,
      );
    }
    const isTaken = (name: string) => this.#terminals.has(name) || this.#opening.has(name);
    if (wanted !== undefined) {
      if (!/^\w{1,64}$/.test(wanted)) {
        throw new ServerError('BAD_REQUEST', 'The name of a terminal has up to 64 letters, digits and _');
      }
      if (isTaken(wanted)) throw new ServerError('CONFLICT', `There is a terminal named ${wanted} already`);
    }
    let number = 1;
    while (isTaken(String(number))) number++;
    const name = wanted ?? String(number);
    this.#opening.add(name);
    return name;
  }

  #forget(terminal: Terminal): void {
    if (this.#terminals.get(terminal.name) === terminal) this.#terminals.delete(terminal.name);
    if (this.#terminals.size > 0) return;
    clearInterval(this.#culling);
    this.#culling = undefined;
  }

  #startCulling(): void {
    const { options, log } = this.#deps;
    if (options.terminalCullInactiveTimeoutS <= 0) return;
    this.#culling ??= setInterval(() => {
      this.cull(new Date()).catch((error: unknown) =>
        log.error({ err: error }, 'Closing unused terminals failed'),
      );
    }, options.terminalCullIntervalS * 1000);
  }
}

async function folderIn(rootDir: string, cwd: string | undefined): Promise<string> {
  if (cwd === undefined || cwd.includes('\0')) return rootDir;
  const candidates = [...(isAbsolute(cwd) ? [cwd] : []), join(rootDir, cwd)];
  for (const folder of candidates) {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory()) return folder;
  }
  return rootDir;
}

/** Else the terminal would open and close at once, and nobody would know why. */
async function assertExecutable(command: string, path: string): Promise<void> {
  const candidates = command.includes('/')
    ? [command]
    : path.split(delimiter).map((folder) => join(folder, command));
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      return;
    } catch {
      // Perhaps in the next folder.
    }
  }
  throw new ServerError('UNAVAILABLE', `The shell ${command} is not there or may not be run`);
}
