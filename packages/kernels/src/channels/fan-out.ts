import type { Client } from './client.ts';
import type { Delivery } from './delivery.ts';

/** So many clients are served before whatever else is due has its turn. */
const sliceSize = 16;
/**
 * Those who look on are served so much later: by then the request's busy, reply and idle have come, which reach them in one
 * write, and whoever asked has its answer before hundreds of others take the machine's time.
 */
const onlookersAfterMs = 3;
/** When so many deliveries have piled up, all clients are served at once: a write carries many by then. */
const maxPending = 64;

/**
 * Hands deliveries to clients. A few are served at once; of many, those whom it concerns at once and the others a little later,
 * slice by slice, so that a request is not answered later because hundreds look on. What comes meanwhile reaches them together.
 */
export class FanOut {
  /** In order; not handed to all yet. */
  #pending: Delivery[] = [];
  readonly #waiting = new Set<Client>();
  #isScheduled = false;

  /** `isConcerned` is only asked when there are many. */
  publish(
    delivery: Delivery,
    clients: Iterable<Client>,
    count: number,
    isConcerned: (client: Client) => boolean,
  ): void {
    if (count <= sliceSize && this.#waiting.size === 0) {
      for (const client of clients) client.deliver(delivery);
      return;
    }
    this.#pending.push(delivery);
    for (const client of clients) {
      if (isConcerned(client)) this.#serve(client);
      else this.#waiting.add(client);
    }
    if (this.#waiting.size === 0) this.#pending = [];
    if (this.#pending.length >= maxPending) this.#serveAll();
    if (this.#isScheduled || this.#waiting.size === 0) return;
    this.#isScheduled = true;
    setTimeout(() => this.#serveSlice(), onlookersAfterMs);
  }

  #serveSlice(): void {
    let served = 0;
    for (const client of this.#waiting) {
      this.#serve(client);
      if (++served === sliceSize) break;
    }
    this.#isScheduled = this.#waiting.size > 0;
    if (this.#isScheduled) setImmediate(() => this.#serveSlice());
    else this.#pending = [];
  }

  #serveAll(): void {
    for (const client of this.#waiting) this.#serve(client);
    this.#pending = [];
  }

  #serve(client: Client): void {
    this.#waiting.delete(client);
    client.deliverAll(this.#pending);
  }
}
