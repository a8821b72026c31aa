import { spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';
import { type ConvertHead, parseHead } from './convert-answer.ts';
import { convertScript } from './convert-script.ts';

export interface ScriptRun {
  readonly python: string;
  readonly request: Readonly<Record<string, unknown>>;
  /** The notebook's contents model. */
  readonly model?: Uint8Array | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the process and all that it started. */
  readonly signal: AbortSignal;
}

export interface ScriptAnswer {
  readonly head: ConvertHead;
  readonly body: Readable;
  /** Resolves when the process is gone; never rejects. */
  readonly ended: Promise<void>;
}

const longestHead = 1024 * 1024;
const keptErrors = 8 * 1024;

/** Runs the script once. Rejects, with what it wrote to stderr, if it ends without an answer; nothing of it is then left. */
export function runScript({ python, request, model, cwd, env, signal }: ScriptRun): Promise<ScriptAnswer> {
  const child = spawn(python, ['-c', convertScript], {
    cwd,
    env: { ...env, PYTHONIOENCODING: 'utf-8' },
    stdio: 'pipe',
    // A group of its own: exporters start pandoc, LaTeX or a browser, which are to end with it.
    detached: true,
  });
  const kill = () => killGroup(child.pid);
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();

  let errors = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (errors = (errors + text).slice(-keptErrors)));
  // It may answer before it has read all, and then hang up.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(request)}\n`);
  child.stdin.end(model);

  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => {
      signal.removeEventListener('abort', kill);
      resolve();
    });
  });
  return new Promise((resolve, reject) => {
    const body = new PassThrough();
    let start: Buffer[] = [];
    let length = 0;
    const fail = (why: string, cause?: Error) =>
      reject(new Error(errors === '' ? why : `${why}: ${errors.trim()}`, { cause }));
    const onData = (chunk: Buffer) => {
      start.push(chunk);
      length += chunk.length;
      const lineEnd = chunk.indexOf(10);
      if (lineEnd < 0 && length <= longestHead) return;
      child.stdout.off('data', onData);
      const received = Buffer.concat(start);
      start = [];
      const end = lineEnd < 0 ? -1 : received.length - chunk.length + lineEnd;
      const head = parseHead(received.subarray(0, Math.max(end, 0)).toString());
      if (head === undefined) {
        kill();
        return fail('no answer could be read');
      }
      body.write(received.subarray(end + 1));
      child.stdout.pipe(body);
      resolve({ head, body, ended });
    };
    child.stdout.on('data', onData);
    child.once('error', (error) => fail(`${python} could not be run`, error));
    child.once('close', (code, killedBy) => fail(`${python} ended (${killedBy ?? code}) without an answer`));
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
