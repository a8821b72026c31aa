import type { FastifyBaseLogger } from 'fastify';

/** Enough for every file of a server to be wrong in some ways. */
const mostRemembered = 1000;

/** Says each problem once: what is wrong in a file is found anew with every request, but is news only once. */
export class Warnings {
  readonly #log: FastifyBaseLogger;
  readonly #said = new Set<string>();

  constructor(log: FastifyBaseLogger) {
    this.#log = log;
  }

  warn(sentences: readonly string[]): void {
    for (const sentence of sentences) {
      if (this.#said.has(sentence)) continue;
      if (this.#said.size >= mostRemembered) this.#said.clear();
      this.#said.add(sentence);
      this.#log.warn(sentence);
    }
  }
}
