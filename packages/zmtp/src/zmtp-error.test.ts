import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { zmtpErrorCodes } from './zmtp-error.ts';

test.each(['../README.md', '../../../docs/reference/errors.md'])(
  '[Z50] %s lists every error code and no other',
  (path) => {
    const text = readFileSync(new URL(path, import.meta.url), 'utf8');
    const listed = new Set(text.match(/`ZMTP_[A-Z_]+`/g)?.map((code) => code.slice(1, -1)));
    expect([...listed].toSorted()).toEqual([...zmtpErrorCodes].toSorted());
  },
);
