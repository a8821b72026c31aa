import { unwatchFile, watchFile } from 'node:fs';
import { open } from 'node:fs/promises';

export interface WatchedFileOptions {
  readonly pollMs: number;
  readonly maxBytes: number;
  /** The file has this text now; undefined: there is none. Called again only when it changed. */
  readonly onText: (text: string | undefined) => void;
  /** The file is there and cannot be used as it is. */
  readonly onProblem: (problem: string) => void;
}

/**
 * A small file that people and programs replace while the server runs. Looked at by its status every now and then: that
 * works on network file systems, and for the swapped links of a mounted Kubernetes secret, where events do not.
 */
export class WatchedFile {
  readonly #path: string;
  readonly #options: WatchedFileOptions;
  readonly #changed = () => void this.read();
  #last: { readonly text: string | undefined } | undefined;
  #reading: Promise<void> | undefined;
  #again = false;

  constructor(path: string, options: WatchedFileOptions) {
    this.#path = path;
    this.#options = options;
    watchFile(path, { interval: options.pollMs, persistent: false }, this.#changed);
  }

  /** Reads it now. One read at a time; whoever asks meanwhile gets a later one. */
  read(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#readAll().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  close(): void {
    unwatchFile(this.#path, this.#changed);
  }

  async #readAll(): Promise<void> {
    do {
      this.#again = false;
      // oxlint-disable-next-line no-await-in-loop
      await this.#readOnce();
    } while (this.#again);
  }

  async #readOnce(): Promise<void> {
    const { maxBytes, onText, onProblem } = this.#options;
    let text: string | undefined;
    try {
      const file = await open(this.#path, 'r');
      try {
        const { size, mode } = await file.stat();
        if ((mode & 0o022) !== 0) return onProblem('others than its owner may write it');
        if (size > maxBytes) return onProblem(`it has more than ${maxBytes} bytes`);
        text = await file.readFile('utf8');
      } finally {
        await file.close();
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') return onProblem(message);
    }
    if (this.#last?.text === text && this.#last !== undefined) return undefined;
    this.#last = { text };
    return onText(text);
  }
}
