import { expect, test } from 'vitest';
import { browserCommand } from './open-browser.ts';

test.each([
  ['linux', {}, undefined],
  ['linux', { DISPLAY: ':0' }, ['xdg-open', 'http://x']],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, ['xdg-open', 'http://x']],
  ['linux', { BROWSER: 'firefox' }, ['firefox', 'http://x']],
  ['darwin', {}, ['open', 'http://x']],
  ['darwin', { SSH_CONNECTION: '1' }, undefined],
] as const)('[B8] on %s with %j: %j', (platform, env, command) => {
  expect(browserCommand('http://x', { platform, env })).toEqual(command);
});
