import { createHmac, randomBytes } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import { hashOfToken, parseTokenFile, type NamedToken } from './token-file.ts';
import { WatchedFile } from './watched-file.ts';

export interface NamedTokensOptions {
  readonly path: string;
  readonly log: FastifyBaseLogger;
  readonly pollMs?: number;
  readonly now?: () => number;
}

const maxFileBytes = 8 * 1024 * 1024;

/**
 * The named tokens of a file, as it is now. A file that cannot be used leaves those that were known before, with a warning:
 * half a write of an editor locks nobody out, and lets nobody in.
 */
export class NamedTokens {
  readonly #options: NamedTokensOptions;
  readonly #file: WatchedFile;
  readonly #now: () => number;
  /** Tokens are looked up by a digest under a key that only this process has: how long that takes tells nothing of them. */
  readonly #key = randomBytes(32);
  readonly #listeners = new Set<() => void>();
  #byDigest = new Map<string, NamedToken>();
  #byId = new Map<string, NamedToken>();
  #isUsed = false;

  private constructor(options: NamedTokensOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#file = new WatchedFile(options.path, {
      pollMs: options.pollMs ?? 1000,
      maxBytes: maxFileBytes,
      onText: (text) => this.#accept(text),
      onProblem: (problem) => this.#refuse(problem),
    });
  }

  /** Reads the file, and again whenever it changes, until `close`. One that is not there yet is one without tokens. */
  static async open(options: NamedTokensOptions): Promise<NamedTokens> {
    const tokens = new NamedTokens(options);
    await tokens.#file.read();
    return tokens;
  }

  /** There are, or were, such tokens, or may be in a file that cannot be read: then the server is not open to all. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  find(text: string): NamedToken | undefined {
    return this.#living(this.#byDigest.get(this.#digestOf(hashOfToken(text))));
  }

  byId(id: string): NamedToken | undefined {
    return this.#living(this.#byId.get(id));
  }

  /** Calls back after tokens came, went or changed. Returns the function that ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the file now, instead of in a second. */
  reload(): Promise<void> {
    return this.#file.read();
  }

  close(): void {
    this.#file.close();
    this.#listeners.clear();
  }

  #living(token: NamedToken | undefined): NamedToken | undefined {
    const { expiresAt } = token ?? {};
    return expiresAt !== undefined && Date.parse(expiresAt) <= this.#now() ? undefined : token;
  }

  #accept(text: string | undefined): void {
    const parsed = text === undefined ? { tokens: [] } : parseTokenFile(text);
    if ('problem' in parsed) return this.#refuse(parsed.problem);
    const { tokens } = parsed;
    this.#isUsed ||= tokens.length > 0;
    this.#byDigest = new Map(tokens.map((token) => [this.#digestOf(token.hash), token]));
    this.#byId = new Map(tokens.map((token) => [token.id, token]));
    this.#options.log.info({ path: this.#options.path, tokens: tokens.length }, 'read the file of tokens');
    for (const listener of this.#listeners) listener();
    return undefined;
  }

  #refuse(problem: string): void {
    this.#isUsed = true;
    this.#options.log.error(
      { path: this.#options.path, problem, tokens: this.#byId.size },
      'the file of tokens cannot be used; the tokens that were known before stay as they were',
    );
  }

  #digestOf(hash: string): string {
    return createHmac('sha256', this.#key).update(hash).digest('base64');
  }
}
