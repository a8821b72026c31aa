import { expect, test } from 'vitest';
import { hashPassword, verifyPassword } from './password.ts';

test('[A21] passwords of every form that Jupyter has had are known', async () => {
  const made = await hashPassword('pässword');
  expect(made).toMatch(/^argon2:\$argon2id\$v=19\$m=10240,t=10,p=8\$/);
  for (const hash of [
    made,
    // by jupyter_server.auth.security.passwd('pässword', algorithm)
    'sha1:cfcf249cb3c9:733a791bc40d160aaa7cd2437876e76c826bccf2',
    'sha256:968b93fe4d5b:812ab8cfb97e084e52279ba21c042bd0477b20d384354216dcecd18da3b60780',
    'argon2:$argon2id$v=19$m=10240,t=10,p=8$oJlON9l8g/FH3cWijs1M+g$uN+a6S/u0T7sZ77L9gJXhR9zz9mSUQk+nvb1Xstqsug',
  ]) {
    expect([hash, await verifyPassword(hash, 'pässword')]).toEqual([hash, true]);
  }
  expect(await verifyPassword(made, 'password')).toBe(false);
  expect(await verifyPassword('sha1:cfcf249cb3c9:733a791bc40d160aaa7cd2437876e76c826bccf2', 'password')).toBe(
    false,
  );
});

test('[A31] a malformed hash fits no password', async () => {
  for (const hash of [
    '',
    ':',
    '::',
    'sha1::',
    'sha1:salt:',
    'nothing:salt:00',
    'argon2:',
    'argon2:$argon2id$x',
    'plain',
    'a:b:c:d',
  ]) {
    expect([hash, await verifyPassword(hash, 'password')]).toEqual([hash, false]);
  }
});

test('[A32] while a password is hashed, others are served', async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await hashPassword('secret');
  clearInterval(timer);
  expect(turns).toBeGreaterThan(10);
});
