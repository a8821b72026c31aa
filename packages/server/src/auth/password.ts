import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Turns } from '../turns.ts';

/** Guesses from many addresses keep one core busy, not all. */
const turns = new Turns(1, 32, 'Too many at once. Try again soon.');

/** A hash in the form of `jupyter server password`: `argon2:$argon2id$v=19$…`. */
export async function hashPassword(password: string): Promise<string> {
  const { hashInThread } = await import('./argon2.ts');
  return `argon2:${await turns.run(() => hashInThread(password, randomBytes(16)))}`;
}

/** Whether the password is that of the hash: argon2, or the older `sha1|sha256|…:salt:digest`. A malformed hash fits none. */
export async function verifyPassword(hashed: string, password: string): Promise<boolean> {
  if (hashed === '' || password === '') return false;
  if (hashed.startsWith('argon2:')) {
    const { verifyInThread } = await import('./argon2.ts');
    return turns.run(() => verifyInThread(hashed.slice('argon2:'.length), password));
  }
  const [algorithm, salt, digest, ...rest] = hashed.split(':');
  if (algorithm === undefined || salt === undefined || !digest || rest.length > 0) return false;
  let actual: Buffer;
  try {
    actual = createHash(algorithm).update(password).update(salt).digest();
  } catch {
    return false; // an algorithm that OpenSSL does not know
  }
  const expected = Buffer.from(digest, 'hex');
  return expected.length === actual.length && timingSafeEqual(actual, expected);
}
