import crypto, { createHmac, timingSafeEqual } from 'node:crypto';

/** The four parts that a signature covers, in the order in which they are hashed. Buffers are not covered. */
export type SignedParts = readonly [header: Buffer, parentHeader: Buffer, metadata: Buffer, content: Buffer];

/**
 * Signs and verifies messages between a server and one kernel: HMAC of the four JSON parts, in hex
 * (jupyter_client, "The wire protocol"). An empty key means that messages are not signed.
 */
export class Signer {
  readonly #key: string;
  readonly #algorithm: string;
  readonly #small: SmallHmac | undefined;

  /** `scheme` is the connection file's `signature_scheme`, e.g. `hmac-sha256`. Throws for any that is not `hmac-…`. */
  constructor(key: string, scheme = 'hmac-sha256') {
    const match = /^hmac-([a-z0-9-]+)$/.exec(scheme);
    if (!match?.[1]) throw new TypeError(`signature scheme ${scheme} is not of the form hmac-<hash>`);
    this.#key = key;
    this.#algorithm = match[1];
    this.#small = key !== '' && match[1] === 'sha256' ? smallHmac(key) : undefined;
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
    const small = this.#small?.(parts);
    if (small !== undefined) return small;
    const hmac = createHmac(this.#algorithm, this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }
}

/** Undefined for what is too long for it. */
type SmallHmac = (parts: SignedParts) => string | undefined;

const blockSize = 64;
const digestSize = 32;
const maxSmall = 4096;

/**
 * HMAC-SHA256 (RFC 2104) by two one-shot hashes: of a printed line that is twice as quick as an Hmac object, and this is done
 * for every message. Undefined before Node 20.12, which has no one-shot hash.
 */
function smallHmac(key: string): SmallHmac | undefined {
  if (typeof crypto.hash !== 'function' || Buffer.byteLength(key) > blockSize) return undefined;
  const inner = Buffer.alloc(blockSize + maxSmall);
  const outer = Buffer.alloc(blockSize + digestSize);
  inner.write(key);
  outer.write(key);
  for (let i = 0; i < blockSize; i++) {
    inner[i]! ^= 0x36;
    outer[i]! ^= 0x5c;
  }
  return (parts) => {
    let end = blockSize;
    for (const part of parts) {
      if (end + part.length > inner.length) return undefined;
      inner.set(part, end);
      end += part.length;
    }
    outer.write(crypto.hash('sha256', inner.subarray(0, end), 'hex'), blockSize, 'hex');
    return crypto.hash('sha256', outer, 'hex');
  };
}
