import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { commands, findCommand } from './commands.ts';
import { renderConfigReference } from './help.ts';
import { allSections } from './sections.ts';

test.each(['lab', 'gateway', 'list', 'stop', 'token', 'help'])('[B5] perijove %s --help', async (name) => {
  const { command } = findCommand([name]);
  await expect(await command.help()).toMatchFileSnapshot(`./__snapshots__/${name}-help.txt`);
});

test('[B5] every command is in the overview', async () => {
  const overview = await findCommand(['--help']).command.help();
  for (const { name } of commands) expect(overview).toContain(`  ${name} `);
});

test('[B6] docs/reference/config.md is what the declarations say; node tools/generate.js writes it', async () => {
  const written = await readFile(new URL('../../../docs/reference/config.md', import.meta.url), 'utf8');
  expect(written).toBe(renderConfigReference(allSections));
});
