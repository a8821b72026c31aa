import { expect, test } from 'vitest';
import { shellCommand, shellEnvironment } from './shell.ts';

test("[T17] the user's shell runs, and reads the profile if the server did not", () => {
  expect(shellCommand([], { SHELL: '/bin/zsh' }, true)).toEqual(['/bin/zsh']);
  expect(shellCommand([], { SHELL: '/bin/zsh' }, false)).toEqual(['/bin/zsh', '-l']);
  expect(shellCommand([], { SHELL: '' }, true)).toEqual(['sh']);
  expect(shellCommand(['fish', '-i'], { SHELL: '/bin/zsh' }, false)).toEqual(['fish', '-i']);
});

test("[T1] the environment is the server's, without what describes the terminal that it was started in", () => {
  const env = shellEnvironment(
    { HOME: '/h', TMUX: 'x', TERM: 'dumb', GONE: undefined },
    { rows: 25, cols: 80 },
    { rootDir: '/r', url: 'http://u/' },
  );
  expect(env).toEqual({
    HOME: '/h',
    TERM: 'xterm-256color',
    PYXTERM_DIMENSIONS: '80x25',
    COLUMNS: '80',
    LINES: '25',
    JUPYTER_SERVER_ROOT: '/r',
    JUPYTER_SERVER_URL: 'http://u/',
  });
});
