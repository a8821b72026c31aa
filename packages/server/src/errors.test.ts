import { readFileSync } from 'node:fs';
import { kernelErrors } from '@perijove/kernels';
import { protocolErrors } from '@perijove/protocol';
import { expect, test } from 'vitest';
import { serverErrors } from './errors.ts';

const reference = readFileSync(new URL('../../../docs/reference/errors.md', import.meta.url), 'utf8');

/** Rows that begin with a code; those with a status come as `CODE: status`. */
function listed(pattern: RegExp): Record<string, number> {
  return Object.fromEntries(
    [...reference.matchAll(pattern)].map(([, code, status]) => [code, Number(status)]),
  );
}

test('[H8] docs/reference/errors.md lists every error and no other, each with its status', () => {
  expect(listed(/^\| `(\w+)` \| (\d+) \|/gm)).toEqual({ ...serverErrors, ...kernelErrors });
  expect(Object.keys(listed(/^\| `(PROTOCOL_\w+)` \|/gm))).toEqual(Object.keys(protocolErrors));
});
