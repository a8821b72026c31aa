// A server with several users, for tests.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { testToken } from '../http/test-app.ts';
import { Authenticator, type AuthenticatorOptions } from './authenticator.ts';
import { NamedTokens } from './named-tokens.ts';
import { createToken, renderTokenFile, type NamedToken } from './token-file.ts';

/** `ada` and `bob` use, `eve` reads, `root` is an admin, `hub` one that acts for others. */
export async function openTestUsers(options: Partial<AuthenticatorOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'perijove-users-'));
  const path = join(folder, 'tokens.json');
  const logged: string[] = [];
  const made = (
    [
      ['ada', 'use'],
      ['bob', 'use'],
      ['eve', 'read'],
      ['root', 'admin'],
      ['hub', 'admin'],
    ] as const
  ).map(([user, scope]) =>
    createToken({ name: user, user, scope, mayImpersonate: user === 'hub' }, Date.now()),
  );
  const write = async (tokens: readonly NamedToken[]): Promise<void> =>
    writeFile(path, renderTokenFile(tokens), { mode: 0o600 });
  await write(made.map(({ token }) => token));
  const namedTokens = await NamedTokens.open({
    path,
    log: pino({}, { write: (line: string) => void logged.push(line) }),
    pollMs: 20,
    ...(options.now === undefined ? {} : { now: options.now }),
  });
  const authenticator = new Authenticator({
    token: testToken,
    hashedPassword: '',
    cookieSecret: 's',
    cookieDays: 30,
    baseUrl: '/',
    account: 'owner',
    namedTokens,
    ...options,
  });
  return {
    path,
    logged,
    namedTokens,
    authenticator,
    tokens: made.map(({ token }) => token),
    write,
    textOf: (user: string) => made.find(({ token }) => token.user === user)!.text,
    as: (user: string) => ({
      authorization: `Bearer ${made.find(({ token }) => token.user === user)!.text}`,
      host: 'localhost',
    }),
    async [Symbol.asyncDispose]() {
      namedTokens.close();
      await rm(folder, { recursive: true });
    },
  };
}
