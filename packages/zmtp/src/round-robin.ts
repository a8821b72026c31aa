import type { Connection } from './connection.ts';
import { assertSendable, sizeOf, type Frames } from './frames.ts';

/** Spreads messages over the connected peers; keeps them while there is none. */
export class RoundRobin {
  readonly #highWaterBytes: number;
  readonly #peers: Connection[] = [];
  #next = 0;
  #pending: Frames[] = [];
  #pendingBytes = 0;
  #sentTo: Connection | undefined;

  constructor(highWaterBytes: number) {
    this.#highWaterBytes = highWaterBytes;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The peer that got the last message. */
  get sentTo(): Connection | undefined {
    return this.#sentTo;
  }

  add(peer: Connection): void {
    this.#peers.push(peer);
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const frames of pending) peer.send(frames);
    if (pending.length > 0) this.#sentTo = peer;
  }

  remove(peer: Connection): void {
    const index = this.#peers.indexOf(peer);
    if (index >= 0) this.#peers.splice(index, 1);
    if (this.#sentTo === peer) this.#sentTo = undefined;
  }

  /** False above the high-water mark; the message is queued all the same. */
  send(frames: Frames): boolean {
    assertSendable(frames);
    const peer = this.#choose();
    if (peer === undefined) {
      this.#pending.push(frames);
      // Empty frames take memory too.
      this.#pendingBytes += sizeOf(frames) + frames.length;
      return this.#pendingBytes <= this.#highWaterBytes;
    }
    peer.send(frames);
    this.#sentTo = peer;
    return peer.bufferedBytes <= this.#highWaterBytes;
  }

  /** The next in turn that is not above its mark; if all are, the next in turn. */
  #choose(): Connection | undefined {
    const count = this.#peers.length;
    if (count <= 1) return this.#peers[0];
    for (let tried = 0; tried < count; tried++) {
      const peer = this.#peers[this.#next++ % count];
      if (peer !== undefined && peer.bufferedBytes <= this.#highWaterBytes) return peer;
    }
    return this.#peers[this.#next++ % count];
  }
}
