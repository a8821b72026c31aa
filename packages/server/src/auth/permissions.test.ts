import { expect, test } from 'vitest';
import type { Resource } from '../http/access.ts';
import { permissions, permits, type Action, type Reach, type Role } from './permissions.ts';

const actions: readonly Action[] = ['read', 'write', 'execute'];

/** Per resource, read, write and execute: `-` never, `o` on what is one's own, `a` on everybody's. */
const expected: Record<Resource, Record<Role, string>> = {
  api: { read: 'o--', use: 'ooo', admin: 'aaa' },
  config: { read: 'o--', use: 'ooo', admin: 'aaa' },
  contents: { read: 'o--', use: 'ooo', admin: 'aaa' },
  csp: { read: 'oo-', use: 'oo-', admin: 'aaa' },
  events: { read: 'o-o', use: 'ooo', admin: 'aaa' },
  kernels: { read: 'o--', use: 'ooo', admin: 'aaa' },
  kernelspecs: { read: 'o--', use: 'o--', admin: 'aaa' },
  lsp: { read: 'o--', use: 'ooo', admin: 'aaa' },
  nbconvert: { read: 'o--', use: 'ooo', admin: 'aaa' },
  server: { read: '---', use: '---', admin: 'aaa' },
  sessions: { read: 'o--', use: 'ooo', admin: 'aaa' },
  terminals: { read: 'o--', use: 'ooo', admin: 'aaa' },
};
const reaches: Record<string, Reach> = { '-': 'none', o: 'own', a: 'all' };

const cells = Object.entries(expected).flatMap(([resource, roles]) =>
  Object.entries(roles).flatMap(([role, letters]) =>
    actions.map((action, at) => ({
      resource: resource as Resource,
      role: role as Role,
      action,
      reach: reaches[letters[at]!]!,
    })),
  ),
);

test.each(cells)('[A50] $role may $action $resource: $reach', ({ resource, role, action, reach }) => {
  expect(permits(role, action, resource, true)).toBe(reach !== 'none');
  expect(permits(role, action, resource, false)).toBe(reach === 'all');
});

test('[A50] no cell of the table is left out', () => {
  const inTable = Object.values(permissions).flatMap((resources) =>
    Object.values(resources).flatMap((reached) => Object.keys(reached)),
  );
  expect(inTable).toHaveLength(cells.length);
});

test('[A50] what the table does not know is not permitted, to nobody', () => {
  for (const role of ['read', 'use', 'admin'] as const) {
    expect(permits(role, 'dance' as Action, 'kernels', true)).toBe(false);
    expect(permits(role, 'read', 'secrets' as Resource, true)).toBe(false);
  }
});
