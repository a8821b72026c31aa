import { createHmac, timingSafeEqual } from 'node:crypto';

/** The four parts that a signature covers, in the order in which they are hashed. Buffers are not covered. */
export type SignedParts = readonly [header: Buffer, parentHeader: Buffer, metadata: Buffer, content: Buffer];

/**
 * Signs and verifies messages between a server and one kernel: HMAC of the four JSON parts, in hex
 * (jupyter_client, "The wire protocol"). An empty key means that messages are not signed.
 */
export class Signer {
  readonly #key: string;
  readonly #algorithm: string;

  /** `scheme` is the connection file's `signature_scheme`, e.g. `hmac-sha256`. Throws for any that is not `hmac-…`. */
  constructor(key: string, scheme = 'hmac-sha256') {
    const match = /^hmac-([a-z0-9-]+)$/.exec(scheme);
    if (!match?.[1]) throw new TypeError(`signature scheme ${scheme} is not of the form hmac-<hash>`);
    this.#key = key;
    this.#algorithm = match[1];
  }

  sign(parts: SignedParts): Buffer {
    return Buffer.from(this.#digest(parts), 'latin1');
  }

  verify(signature: Buffer, parts: SignedParts): boolean {
    if (this.#key === '') return true;
    const expected = Buffer.from(this.#digest(parts), 'latin1');
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  }

  #digest(parts: SignedParts): string {
    if (this.#key === '') return '';
    const hmac = createHmac(this.#algorithm, this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }
}
