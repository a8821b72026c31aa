import type { Log } from '@perijove/kernels';
import { expect, test } from 'vitest';
import type { ParsedOptions } from './parse-options.ts';
import { warnOfSecretsInFlags } from './warn-of-secrets-in-flags.ts';

function warnings(origins: ParsedOptions['origins'], gatewayToken = 'very secret'): string[] {
  const said: string[] = [];
  const say = (_: object, text: string): void => void said.push(text);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  warnOfSecretsInFlags({ gatewayToken, gatewayHttpPwd: 'very secret, too' }, origins, log);
  return said;
}

test('[Y15] secrets for a gateway are warned of when they came by a flag, each with what is better, and not repeated', () => {
  const said = warnings({ gatewayToken: 'flag', gatewayHttpPwd: 'flag' });
  expect(said).toEqual([
    expect.stringMatching(/^--gateway-token .*--gateway-token-file/),
    expect.stringMatching(/^--gateway-http-pwd .*PERIJOVE_GATEWAY_HTTP_PWD/),
  ]);
  expect(said.join()).not.toContain('very secret');
});

test('[Y15] those from a variable or a file are not, nor a flag without one', () => {
  expect(warnings({ gatewayToken: 'variable', gatewayHttpPwd: 'file' })).toEqual([]);
  expect(warnings({ gatewayToken: 'flag', gatewayHttpPwd: 'default' }, '')).toEqual([]);
});
