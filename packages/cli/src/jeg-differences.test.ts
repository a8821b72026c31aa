import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('[B54] every difference from Enterprise Gateway has a rule, and every such rule a test', () => {
  const page = readFileSync(join(root, 'docs', 'reference', 'jeg.md'), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split('|').at(-2)!.trim());
  expect(rows.length).toBeGreaterThan(20);
  const tested = new Set(
    readdirSync(join(root, 'packages'))
      .flatMap((name) =>
        readdirSync(join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.test.ts'))
          .map((file) => readFileSync(join(root, 'packages', name, 'src', file), 'utf8')),
      )
      .flatMap((text) => [...text.matchAll(/\[([A-Z]+\d+)\]/g)].map(([, id]) => id)),
  );
  for (const rule of rows) {
    expect(rule).toMatch(/^[A-Z]+\d+(?:, [A-Z]+\d+)*$/);
    for (const id of rule.split(', ')) expect(tested, id).toContain(id);
  }
});
