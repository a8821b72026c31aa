import type { Log } from '@perijove/kernels';
import type { GatewayOptions } from '@perijove/provisioners';
import { flagOf } from './option.ts';
import type { ParsedOptions } from './parse-options.ts';

/** What to use instead of the flag. */
const elsewhere = {
  gatewayToken: '--gateway-token-file or PERIJOVE_GATEWAY_TOKEN',
  gatewayHttpPwd: 'PERIJOVE_GATEWAY_HTTP_PWD',
} as const satisfies Partial<Record<keyof GatewayOptions, string>>;

/** Flags show in process lists, to every user of the machine: says so of each secret for a gateway that came by one. */
export function warnOfSecretsInFlags(
  settings: Pick<GatewayOptions, keyof typeof elsewhere>,
  origins: ParsedOptions['origins'],
  log: Log,
): void {
  for (const [name, better] of Object.entries(elsewhere)) {
    if (origins[name] === 'flag' && settings[name as keyof typeof elsewhere] !== '')
      log.warn({}, `--${flagOf(name)} shows in process lists: better is ${better}`);
  }
}
