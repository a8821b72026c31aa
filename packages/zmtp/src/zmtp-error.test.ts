import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { zmtpErrorCodes } from './zmtp-error.ts';

test('[Z50] README.md lists every error code and no other', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const listed = new Set(readme.match(/`ZMTP_[A-Z_]+`/g)?.map((code) => code.slice(1, -1)));
  expect([...listed].toSorted()).toEqual([...zmtpErrorCodes].toSorted());
});
