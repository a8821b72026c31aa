import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

// As jupyter_server's passwd(): 10 MiB and ten passes.
const argon2 = { memorySize: 10_240, iterations: 10, parallelism: 8, hashLength: 16 } as const;

/** A hash in the form of `jupyter server password`: `argon2:$argon2id$v=19$…`. */
export async function hashPassword(password: string): Promise<string> {
  const { argon2id } = await import('hash-wasm');
  const hash = await argon2id({ ...argon2, password, salt: randomBytes(16), outputType: 'encoded' });
  return `argon2:${hash}`;
}

/** Whether the password is that of the hash: argon2, or the older `sha1|sha256|…:salt:digest`. A malformed hash fits none. */
export async function verifyPassword(hashed: string, password: string): Promise<boolean> {
  if (hashed === '' || password === '') return false;
  if (hashed.startsWith('argon2:')) {
    const { argon2Verify } = await import('hash-wasm');
    return argon2Verify({ password, hash: hashed.slice('argon2:'.length) }).catch(() => false);
  }
  const [algorithm, salt, digest, ...rest] = hashed.split(':');
  if (algorithm === undefined || salt === undefined || digest === undefined || rest.length > 0) return false;
  let actual: Buffer;
  try {
    actual = createHash(algorithm).update(password).update(salt).digest();
  } catch {
    return false; // an algorithm that OpenSSL does not know
  }
  const expected = Buffer.from(digest, 'hex');
  return expected.length === actual.length && timingSafeEqual(actual, expected);
}
