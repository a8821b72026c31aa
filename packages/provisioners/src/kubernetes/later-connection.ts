import {
  openLink,
  type KernelConnection,
  type KernelLink,
  type LinkOpener,
  type LinkOptions,
} from '@perijove/kernels';
import type { RawMessage } from '@perijove/protocol';

/** The way to a kernel of which nobody can say yet where it is: its cluster's API is away. */
export class LaterConnection implements LinkOpener {
  readonly #known: Promise<KernelConnection | undefined>;

  /** Undefined: it will never be known; the kernel's end says why. Never rejects. */
  constructor(known: Promise<KernelConnection | undefined>) {
    this.#known = known;
  }

  openLink(options: LinkOptions): KernelLink {
    return new LaterLink(this.#known, options);
  }
}

/** Keeps what is sent, in order and within the limit of the queue for kernels that are not up yet, until there is a link. */
class LaterLink implements KernelLink {
  readonly #queuedBytes: number;
  #waiting: RawMessage[] = [];
  #waitingBytes = 0;
  #link: KernelLink | undefined;
  #isClosed = false;
  #isPaused = false;

  constructor(known: Promise<KernelConnection | undefined>, options: LinkOptions) {
    this.#queuedBytes = options.limits.queuedBytes;
    void known.then((connection) => {
      if (connection !== undefined && !this.#isClosed) this.#open(openLink(connection, options));
    });
  }

  get bufferedBytes(): number {
    return this.#link?.bufferedBytes ?? this.#waitingBytes;
  }

  send(message: RawMessage): boolean {
    if (this.#link) return this.#link.send(message);
    const bytes = bytesOf(message);
    if (this.#waitingBytes + bytes > this.#queuedBytes) return false;
    this.#waiting.push(message);
    this.#waitingBytes += bytes;
    return true;
  }

  pause(): void {
    this.#isPaused = true;
    this.#link?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#link?.resume();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#link?.close();
  }

  #open(link: KernelLink): void {
    this.#link = link;
    if (this.#isPaused) link.pause();
    for (const message of this.#waiting) link.send(message);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

function bytesOf({ header, parentHeader, metadata, content, buffers }: RawMessage): number {
  const parts = [header, parentHeader, metadata, content, ...buffers];
  return parts.reduce((sum, part) => sum + part.length, 0);
}
