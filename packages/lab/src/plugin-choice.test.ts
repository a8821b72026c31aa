import { expect, test } from 'vitest';
import { PluginChoice, replacements } from '../app/plugin-choice.js';

const extension = (...ids: string[]) => ({
  scope: 'x',
  module: { __esModule: true, default: ids.map((id) => ({ id, autoStart: true })) },
});
const ids = (plugins: { id: string }[]): string[] => plugins.map(({ id }) => id);

test('[L6] by id, by extension, by former id', () => {
  const choice = new PluginChoice({
    disabled: ['a:one', 'b', '@jupyterlab/help-extension:licenses'],
    deferred: [],
  });
  const active = choice.active(
    extension('a:one', 'a:two', 'b:one', 'bb:one', '@jupyterlab/apputils-extension:licenses-plugin'),
  );
  expect(ids(active)).toEqual(['a:two', 'bb:one']);
  expect(choice.disabled).toEqual(['a:one', 'b:one', '@jupyterlab/apputils-extension:licenses-plugin']);
  expect(choice.available.map((plugin: { enabled: boolean }) => plugin.enabled)).toEqual([
    false,
    true,
    false,
    true,
    false,
  ]);
});

test('[L6] a deferred plugin is registered, and named so that it is not started', () => {
  const choice = new PluginChoice({ disabled: [], deferred: ['a'] });
  expect(ids(choice.active(extension('a:one', 'b:one')))).toEqual(['a:one', 'b:one']);
  expect(choice.deferred).toEqual(['a:one']);
});

test('[L6] an extension exports one plugin or a list, as a module or as CommonJS', () => {
  const choice = new PluginChoice({ disabled: [], deferred: [] });
  expect(ids(choice.active({ scope: 'x', module: { id: 'common' } }))).toEqual(['common']);
  expect(ids(choice.active({ scope: 'x', module: { __esModule: true, default: { id: 'one' } } }))).toEqual([
    'one',
  ]);
});

test.each(Object.entries(replacements))('[L7] %s gives way to %s while that runs', (stock, ours) => {
  const choice = new PluginChoice({ disabled: [], deferred: [] });
  expect(ids(choice.withoutReplaced([{ id: stock }, { id: ours }]))).toEqual([ours]);
  expect(ids(choice.withoutReplaced([{ id: stock }]))).toEqual([stock]);
});

test.each(Object.entries(replacements))('[L7] whoever switches off %s switches off %s', (stock, ours) => {
  const choice = new PluginChoice({ disabled: [stock], deferred: [] });
  expect(ids(choice.active(extension(stock, ours)))).toEqual([]);
});
