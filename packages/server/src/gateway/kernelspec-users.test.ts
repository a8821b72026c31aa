import { expect, test } from 'vitest';
import { mayUse } from './kernelspec-users.ts';

const all = { authorizedUsers: [], unauthorizedUsers: [] };
const spec = (config?: object) => ({
  spec: {
    argv: ['a'],
    display_name: 'A',
    language: 'a',
    metadata: config === undefined ? {} : { process_proxy: { class_name: 'x', config } },
  },
});

test('[JG10] everybody may, unless a list says otherwise', () => {
  expect(mayUse(spec(), 'bob', all)).toBe(true);
  expect(mayUse(spec(), 'bob', { ...all, unauthorizedUsers: ['bob'] })).toBe(false);
  expect(mayUse(spec(), 'bob', { ...all, authorizedUsers: ['alice'] })).toBe(false);
  expect(mayUse(spec(), 'alice', { ...all, authorizedUsers: ['alice'] })).toBe(true);
  expect(mayUse(spec(), 'alice', { authorizedUsers: ['alice'], unauthorizedUsers: ['alice'] })).toBe(false);
});

test("[JG10] a kernelspec's own list of the authorized is in place of the gateway's, its forbidden are added", () => {
  const own = spec({ authorized_users: 'bob,alice', unauthorized_users: ['mallory'] });
  expect(mayUse(own, 'bob', { ...all, authorizedUsers: ['carol'] })).toBe(true);
  expect(mayUse(own, 'carol', { ...all, authorizedUsers: ['carol'] })).toBe(false);
  expect(mayUse(spec({ unauthorized_users: ['mallory'] }), 'mallory', all)).toBe(false);
});

test('[JG10] names are compared whole, and as they are written', () => {
  const own = spec({ authorized_users: 'bob, alice' });
  for (const name of ['bo', 'lic', 'b', 'Bob', '', 'bob,alice']) expect(mayUse(own, name, all)).toBe(false);
  expect(mayUse(own, 'alice', all)).toBe(true);
});
