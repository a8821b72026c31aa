import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadNotebook } from '../disk/load-notebook.ts';
import { ByteSink } from './byte-sink.ts';
import { parseJson, withSentinel } from './parse-json.ts';
import type { JsonObject } from './json-document.ts';
import { testSettings } from './test-settings.ts';
import { writeNotebook } from './write-notebook.ts';

// Made by tools/nbformat-data.py with the reference implementation.
const folder = new URL('./goldens/', import.meta.url);
const names = readdirSync(folder);
const read = (name: string): Buffer => readFileSync(new URL(name, folder));

test.each(names.filter((name) => name.endsWith('.sent')))(
  '[C20] %s is written as nbformat does, byte for byte',
  (name) => {
    const text = withSentinel(read(name));
    const document = parseJson(text, text.length - 1);
    const written = writeNotebook(document, document.root as JsonObject);
    expect(written.toString('utf8')).toBe(read(name.replace('.sent', '.ipynb')).toString('utf8'));
  },
);

test.each(names.filter((name) => name.endsWith('.sent')))(
  '[C21] what %s became on the disk reads back, and is written the same again',
  (name) => {
    const onDisk = read(name.replace('.sent', '.ipynb'));
    const { document, notebook, message, write } = loadNotebook(
      withSentinel(onDisk).subarray(0, -1),
      { path: name },
      testSettings,
    );
    expect(message?.split('\n')[0]).toBeUndefined();
    expect(writeNotebook(document, notebook).equals(onDisk)).toBe(true);
    const sink = new ByteSink();
    write(sink);
    const again = withSentinel(sink.view());
    const sent = parseJson(again, again.length - 1);
    // What a browser cannot read has become null by then.
    const expected = onDisk.toString('utf8').replaceAll(/^( +)(NaN|-?Infinity)/gm, '$1null');
    expect(writeNotebook(sent, sent.root as JsonObject).toString('utf8')).toBe(expected);
  },
);

test.each(['v1', 'v2', 'v3'])('[C22] a notebook of format %s reads as nbformat upgrades it', (name) => {
  const sink = new ByteSink();
  loadNotebook(withSentinel(read(`${name}.ipynb`)).subarray(0, -1), { path: name }, testSettings).write(sink);
  const upgraded = JSON.parse(sink.view().toString('utf8')) as Notebook;
  const expected = JSON.parse(read(`${name}.read`).toString('utf8')) as Notebook;
  for (const { cells } of [upgraded, expected]) {
    cells.forEach((cell, index) => {
      if (cells === upgraded.cells) expect(cell.id).toMatch(/^[0-9a-f]{8}$/);
      cell.id = `cell-${index}`;
      delete cell.metadata.trusted;
    });
  }
  expect(upgraded).toEqual(expected);
});

interface Notebook {
  cells: { id: string; metadata: { trusted?: boolean } }[];
}
