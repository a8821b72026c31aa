import { Type } from 'typebox';
import type { OptionValues } from '../http/option-values.ts';

export const authOptions = {
  token: {
    schema: Type.Optional(Type.String()),
    help: 'Token that clients prove themselves with. Unless given, one is made at each start. An empty one and no password: no login at all.',
  },
  tokensFile: {
    schema: Type.String({ default: '' }),
    help: 'File of named tokens, which perijove token writes. Read again when it changes. Empty: $XDG_DATA_HOME/perijove/tokens.json or ~/.local/share/perijove/tokens.json.',
  },
  trustUpstreamUsernames: {
    schema: Type.Optional(Type.Boolean()),
    help: 'Let who holds the token or password say for whom a kernel is (KERNEL_USERNAME), as a notebook server in front of a gateway does. Unless said: if there is no other way in.',
  },
  hashedPassword: {
    schema: Type.String({ default: '' }),
    help: 'Hash of a password: argon2:…, or sha1/sha256:salt:digest. Login asks for it, and no token is made.',
  },
  allowPasswordChange: {
    schema: Type.Boolean({ default: true }),
    help: 'Let who logs in with the token choose a password on the login page.',
  },
  cookieDays: {
    schema: Type.Number({ default: 30, exclusiveMinimum: 0 }),
    help: 'Days that a login lasts.',
  },
  disableCheckXsrf: {
    schema: Type.Boolean({ default: false }),
    help: 'Do not protect against forged requests of other web pages. Only for scripts that cannot use a token.',
  },
  authenticatePrometheus: {
    schema: Type.Boolean({ default: true }),
    help: 'Show /metrics only to those who are logged in.',
  },
  loginFreeAttempts: {
    schema: Type.Integer({ default: 5, minimum: 1 }),
    help: 'Wrong logins of an address before it has to wait, longer with each further one.',
  },
  loginMaxWaitS: {
    schema: Type.Number({ default: 60, minimum: 0 }),
    help: 'Longest wait between two logins of an address after wrong ones.',
  },
} as const;

export type AuthOptions = OptionValues<typeof authOptions>;
