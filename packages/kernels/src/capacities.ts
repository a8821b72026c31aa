import type { Log } from './log.ts';
import type { Capacity, Provisioner } from './provisioner.ts';
import { within } from './within.ts';

export interface CapacitiesOptions {
  readonly provisioners: ReadonlyMap<string, Provisioner>;
  /** A capacity that is older is asked for again. */
  readonly maxAgeMs: number;
  /** How long a start waits for a place that was never asked. */
  readonly timeoutMs: number;
  readonly log: Log;
  readonly now: () => number;
}

/** What each place has for kernels, as it last said. */
export class Capacities {
  readonly #options: CapacitiesOptions;
  readonly #known = new Map<string, Capacity>();
  readonly #asked = new Map<string, { readonly at: number; readonly answered: Promise<void> }>();

  constructor(options: CapacitiesOptions) {
    this.#options = options;
  }

  of(place: string): Capacity | undefined {
    return this.#known.get(place);
  }

  /** Resolves when the place has said what it has, or has not for too long; at once, if it ever did. */
  async look(place: string): Promise<void> {
    const { maxAgeMs, timeoutMs, now } = this.#options;
    let asked = this.#asked.get(place);
    if (!asked || now() - asked.at > maxAgeMs) {
      asked = { at: now(), answered: this.#ask(place) };
      this.#asked.set(place, asked);
    }
    if (this.#known.has(place)) return;
    await within(timeoutMs, asked.answered);
  }

  async lookAll(): Promise<void> {
    await Promise.all([...this.#options.provisioners.keys()].map((place) => this.look(place)));
  }

  async #ask(place: string): Promise<void> {
    const { provisioners, log } = this.#options;
    try {
      const capacity = await provisioners.get(place)?.capacity();
      if (capacity) this.#known.set(place, capacity);
    } catch (error) {
      // What it last said holds. One that never said anything is not counted: its launches will say what is wrong.
      log.warn({ err: error, provisioner: place }, 'a provisioner does not say how much room it has');
    }
  }
}
