import type { IPty } from '@lydell/node-pty';
import { ServerError } from '../errors.ts';
import { PtyInput } from './pty-input.ts';

/** A program with a terminal of its own. */
export interface Pty {
  readonly pid: number;
  /** Input that the program has not taken yet, in bytes. */
  readonly pendingInput: number;
  onData(listener: (text: string) => void): void;
  onExit(listener: () => void): void;
  write(text: string): void;
  resize(cols: number, rows: number): void;
  pause(): void;
  resume(): void;
  kill(signal: NodeJS.Signals): void;
}

export interface PtyRequest {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly rows: number;
  readonly cols: number;
}

/** What node-pty has and does not declare. */
interface Undeclared {
  readonly fd: number;
  readonly _socket: { readonly destroyed: boolean };
  on(event: 'error', listener: (error: Error) => void): void;
}

/** Starts a program in a new pseudoterminal. Throws UNAVAILABLE where this machine has none. */
export async function openPty({ command, cwd, env, rows, cols }: PtyRequest): Promise<Pty> {
  const { spawn } = await loadNodePty();
  const [file = 'sh', ...args] = command;
  let pty: IPty & Undeclared;
  try {
    pty = spawn(file, args, { name: 'xterm-256color', cwd, env, rows, cols }) as IPty & Undeclared;
  } catch (error) {
    throw new ServerError('UNAVAILABLE', `No terminal could be opened: ${(error as Error).message}`, {
      cause: error,
    });
  }
  let hasExited = false;
  const input = new PtyInput(() => (hasExited || pty._socket.destroyed ? undefined : pty.fd));
  pty.onExit(() => {
    hasExited = true;
    input.close();
  });
  // Without this, node-pty throws what the descriptor reports when a program ends in an unusual way.
  pty.on('error', () => undefined);
  return {
    pid: pty.pid,
    get pendingInput() {
      return input.pending;
    },
    onData: (listener) => void pty.onData(listener),
    onExit: (listener) => void pty.onExit(listener),
    write: (text) => input.write(text),
    // The descriptor, and after a while the number, may belong to somebody else once the program is gone.
    resize: (toCols, toRows) => {
      if (!hasExited) pty.resize(toCols, toRows);
    },
    pause: () => pty.pause(),
    resume: () => pty.resume(),
    kill: (signal) => {
      if (!hasExited) pty.kill(signal);
    },
  };
}

async function loadNodePty() {
  try {
    return await import('@lydell/node-pty');
  } catch (error) {
    throw new ServerError('UNAVAILABLE', `Terminals do not work here: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
