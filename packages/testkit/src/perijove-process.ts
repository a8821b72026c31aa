import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The command as a clone and the published package have it. */
const bundle = fileURLToPath(new URL('../../../dist/perijove.js', import.meta.url));

export interface PerijoveOptions {
  /** `lab` unless given. */
  readonly command?: 'lab' | 'gateway';
  /** Any that is free, unless given. */
  readonly port?: number;
  /** Flags after the command; `--port 0 --no-browser --no-private-python` are there already. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A Python with ipykernel, whose kernelspecs the server is to find. */
  readonly python?: string;
  /** Folders that an earlier process had: to see what it left. Made, and removed at the end, unless given. */
  readonly folders?: PerijoveFolders;
}

export interface PerijoveFolders {
  readonly base: string;
  readonly root: string;
  readonly home: string;
}

/** A real `perijove` in a process of its own, with a home and a root folder of its own. */
export interface PerijoveProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Base URL with its trailing slash, without the token. */
  readonly url: string;
  readonly token: string;
  readonly folders: PerijoveFolders;
  /** All that it wrote to standard error and output so far. */
  output(): string;
  /** With the token; `path` is relative to the base URL: `api/kernels`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Sends the signal and waits for the end of the process. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

export async function makeFolders(): Promise<PerijoveFolders> {
  const base = await mkdtemp(join(tmpdir(), 'perijove-test-'));
  const folders = { base, root: join(base, 'notebooks'), home: join(base, 'home') };
  await mkdir(folders.root);
  await mkdir(folders.home);
  return folders;
}

/** Makes a token of a user's, who is called so, with the command; for a server with this home. */
export async function addToken({ home }: PerijoveFolders, user: string): Promise<string> {
  const args = [bundle, 'token', 'add', user, '--user', user];
  const env = { PATH: process.env['PATH'] ?? '', HOME: home };
  return (await promisify(execFile)(process.execPath, args, { env })).stdout.trim();
}

/** Removes a test's folders, and ends what still lives in a home there: kernels outlive their server by design. */
export async function removeFolders(folders: PerijoveFolders): Promise<void> {
  for (const pid of await processesAtHome(folders.base)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended in the meantime.
    }
  }
  await rm(folders.base, { recursive: true, force: true, maxRetries: 5 });
}

/** Processes whose HOME is in it. None are found where there is no /proc. */
async function processesAtHome(base: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const found: number[] = [];
  for (const name of names.filter((one) => /^\d+$/.test(one))) {
    const variables = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (variables.split('\0').some((variable) => variable.startsWith(`HOME=${base}/`)))
      found.push(Number(name));
  }
  return found;
}

/** Resolves once the server has printed its URL, which it does when it answers. Rejects with its output if it ends before. */
export async function startPerijove(options: PerijoveOptions = {}): Promise<PerijoveProcess> {
  const folders = options.folders ?? (await makeFolders());
  const child = spawn(
    process.execPath,
    [
      bundle,
      options.command ?? 'lab',
      '--port',
      String(options.port ?? 0),
      ...(options.command === 'gateway' ? [] : ['--no-browser']),
      '--no-private-python',
      '--root-dir',
      folders.root,
      ...(options.args ?? []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: environment(folders, options) },
  );
  let output = '';
  const printed = new Promise<URL>((resolve, reject) => {
    // What it logs on standard error may have addresses in it, too.
    let announced = '';
    const read = (chunk: Buffer): void => {
      const text = chunk.toString('utf8');
      output += text;
      announced += text;
      const url = /https?:\/\/\S+(?=\s)/.exec(announced)?.[0];
      if (url !== undefined) resolve(new URL(url));
    };
    child.stdout.on('data', read);
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`perijove ended (${signal ?? code}) before it answered:\n${output}`)),
    );
  });
  const first = await printed;
  // One that was given is not repeated in what it prints.
  const given = options.env?.['PERIJOVE_TOKEN'] ?? options.env?.['EG_AUTH_TOKEN'] ?? '';
  const token = first.searchParams.get('token') ?? given;
  const url = new URL('./', first).href;

  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const ask = (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `token ${token}`);
    return fetch(new URL(path, url), { ...init, headers });
  };
  return {
    child,
    url,
    token,
    folders,
    output: () => output,
    fetch: ask,
    end,
    async [Symbol.asyncDispose]() {
      // Kernels outlive a server by design: a test's kernels have to be ended with it.
      if (child.exitCode === null && child.signalCode === null) {
        // A gateway cannot be shut down by a request; without a terminal, Ctrl-C stops its kernels too.
        if (options.command === 'gateway') await end('SIGINT');
        else await ask('api/shutdown', { method: 'POST' }).catch(() => undefined);
        await end();
      }
      if (!options.folders) await removeFolders(folders);
    },
  };
}

/** Nothing of the developer's own Jupyter is seen: home, state and data are the test's. */
function environment(folders: PerijoveFolders, options: PerijoveOptions): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(JUPYTER|PERIJOVE|XDG|VIRTUAL_ENV|CONDA)/.test(name),
  );
  const bin = options.python === undefined ? [] : [dirname(options.python)];
  return {
    ...Object.fromEntries(inherited),
    HOME: folders.home,
    PATH: [...bin, process.env['PATH']].join(':'),
    ...(options.python === undefined ? {} : { VIRTUAL_ENV: dirname(dirname(options.python)) }),
    ...options.env,
  };
}
