import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Tornado's signed values, version 2: what jupyter_server writes in its login cookie. The same key file and password give
 * the same key, so someone who comes from there stays logged in.
 */
export function signValue(key: string, name: string, value: string, now: number): string {
  const fields = ['0', String(Math.floor(now / 1000)), name, Buffer.from(value).toString('base64')];
  const signed = `2|${fields.map((field) => `${Buffer.byteLength(field)}:${field}|`).join('')}`;
  return signed + signatureOf(key, signed);
}

/** The value, if it was signed with this key for this name within the time; undefined otherwise. */
export function verifySignedValue(
  key: string,
  name: string,
  signed: string,
  limits: { readonly now: number; readonly maxAgeS: number },
): string | undefined {
  const end = signed.lastIndexOf('|') + 1;
  const [given, expected] = [
    Buffer.from(signed.slice(end)),
    Buffer.from(signatureOf(key, signed.slice(0, end))),
  ];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const fields = readFields(signed.slice(0, end));
  if (fields?.length !== 4) return undefined;
  const [, timestamp, signedName, value] = fields as [string, string, string, string];
  const age = limits.now / 1000 - Number(timestamp);
  // A clock that was set back may sign in the future, by a little.
  if (signedName !== name || !(age <= limits.maxAgeS && age > -86_400)) return undefined;
  return Buffer.from(value, 'base64').toString();
}

/** `2|1:0|10:1700000000|4:name|8:dmFsdWU=|` → the fields. Lengths are bytes; what is signed here is ASCII. */
function readFields(signed: string): string[] | undefined {
  if (!signed.startsWith('2|')) return undefined;
  const fields: string[] = [];
  let at = 2;
  while (at < signed.length) {
    const colon = signed.indexOf(':', at);
    const length = Number(signed.slice(at, colon));
    if (colon < 0 || !Number.isSafeInteger(length) || signed[colon + 1 + length] !== '|') return undefined;
    fields.push(signed.slice(colon + 1, colon + 1 + length));
    at = colon + length + 2;
  }
  return fields;
}

function signatureOf(key: string, signed: string): string {
  return createHmac('sha256', key).update(signed).digest('hex');
}
