import { expect, test } from 'vitest';
import { accountEnvironment, asAccount, type Account } from './account.ts';

const ada: Account = {
  uid: 1001,
  gid: 100,
  name: 'ada',
  home: '/home/ada',
  shell: '/bin/bash',
  isListed: true,
  folder: '/accounts/1001',
};

test('[X20] nothing of who started the server is left in an account’s environment', () => {
  const env = {
    PATH: '/bin',
    LANG: 'C',
    HOME: '/root',
    USER: 'root',
    SUDO_USER: 'eve',
    XDG_RUNTIME_DIR: '/run/user/0',
    SSH_AUTH_SOCK: '/tmp/agent',
    JUPYTER_DATA_DIR: '/root/data',
    TMPDIR: '/root/tmp',
    IPYTHONDIR: '/root/.ipython',
    GONE: undefined,
  };
  expect(accountEnvironment(ada, env)).toEqual({
    PATH: '/bin',
    LANG: 'C',
    HOME: '/home/ada',
    USER: 'ada',
    LOGNAME: 'ada',
    SHELL: '/bin/bash',
  });
});

test('[X20] an account that is listed has its groups; one that is a number has none, and gets no other rights', () => {
  expect(asAccount(ada, ['python', '-m', 'x']).join(' ')).toBe(
    'setpriv --reuid=1001 --regid=100 --init-groups -- python -m x',
  );
  expect(asAccount({ ...ada, isListed: false }, ['sh']).join(' ')).toBe(
    'setpriv --reuid=1001 --regid=100 --clear-groups --no-new-privs -- sh',
  );
});
