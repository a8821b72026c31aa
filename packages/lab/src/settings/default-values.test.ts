import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Plugin, build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extensionPackages, packageFolder, readPackage } from '../../build/extensions.js';
import { defaultValues, type JsonObject } from './default-values.ts';

interface SettingsPlugin {
  id: string;
  raw: string;
  schema: JsonObject;
  data: { composite: JsonObject; user: JsonObject };
}

interface Validator {
  validateData(plugin: SettingsPlugin): { message: string }[] | null;
}

const schemas = extensionPackages.flatMap((name) => {
  const { schemaDir } = readPackage(name).jupyterlab ?? {};
  if (schemaDir === undefined) return [];
  const folder = join(packageFolder(name), schemaDir);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      id: `${name}:${file.slice(0, -'.json'.length)}`,
      schema: JSON.parse(readFileSync(join(folder, file), 'utf8')) as JsonObject,
    }));
});

/** The registry of commands wants a page while it loads; the validators have no use for it. */
const withoutCommands: Plugin = {
  name: 'without commands',
  setup: (bundler) =>
    bundler.onLoad({ filter: /@lumino[\\/]commands[\\/]/ }, () => ({
      contents: 'export const CommandRegistry = {};',
    })),
};

// JupyterLab's packages are modules that only bundlers read.
let folder: string;
let stock: Validator;
let quick: Validator;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perijove-lab-'));
  const outfile = join(folder, 'validators.mjs');
  await build({
    stdin: {
      contents:
        "export { DefaultSchemaValidator } from '@jupyterlab/settingregistry';\nexport { QuickValidator } from './quick-validator.ts';",
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    plugins: [withoutCommands],
    outfile,
  });
  const { DefaultSchemaValidator, QuickValidator } = (await import(pathToFileURL(outfile).href)) as Record<
    string,
    new () => Validator
  >;
  stock = new DefaultSchemaValidator!();
  quick = new QuickValidator!();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const plugin = (id: string, schema: JsonObject, raw = '{}'): SettingsPlugin => ({
  id,
  raw,
  schema,
  data: { composite: {}, user: {} },
});

describe('default values', () => {
  test.each(schemas)('[L8] $id: the same as from the stock validator', ({ id, schema }) => {
    const expected = plugin(id, schema);
    expect(stock.validateData(expected)).toBeNull();
    const got = plugin(id, schema);
    expect(quick.validateData(got)).toBeNull();
    expect(got.data).toEqual(expected.data);
  });

  test('[L8] most schemas need no validator at all', () => {
    const read = schemas.filter(({ schema }) => defaultValues(schema) !== undefined);
    expect(read.length / schemas.length).toBeGreaterThan(0.95);
  });

  test.each([
    { what: 'nested in a default', schema: { a: { default: {}, properties: { b: { default: 2 } } } } },
    {
      what: 'nested without a default',
      schema: { a: { type: 'object', properties: { b: { default: 2 } } } },
    },
    { what: 'in items', schema: { a: { default: [{}], items: { properties: { b: { default: 1 } } } } } },
    {
      what: 'in additionalProperties',
      schema: { a: { default: { x: {} }, additionalProperties: { properties: { b: { default: 1 } } } } },
    },
    {
      what: 'not inside anyOf',
      schema: { a: { default: {}, anyOf: [{ properties: { b: { default: 1 } } }] } },
    },
    { what: 'inside allOf', schema: { a: { default: {}, allOf: [{ properties: { b: { default: 1 } } }] } } },
    {
      what: 'null is a value',
      schema: { a: { default: null, type: ['object', 'null'], properties: { b: { default: 1 } } } },
    },
    { what: 'by reference', schema: { a: { default: {}, $ref: '#/definitions/d' } } },
  ])('[L8] $what', ({ what, schema: properties }) => {
    const schema = {
      type: 'object',
      properties,
      definitions: { d: { properties: { b: { default: 3 } } } },
    } as unknown as JsonObject;
    const expected = plugin(`test:${what}`, schema);
    expect(stock.validateData(expected)).toBeNull();
    expect(defaultValues(schema)).toEqual(expected.data.composite);
  });

  test('[L8] defaults are copies: changing one does not change the schema', () => {
    const schema: JsonObject = { type: 'object', properties: { list: { default: [1] } } };
    const list = defaultValues(schema)?.['list'];
    if (Array.isArray(list)) list.push(2);
    expect(list).toEqual([1, 2]);
    expect(defaultValues(schema)).toEqual({ list: [1] });
  });

  test('[L9] a changed setting is validated and merged with the defaults', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: { a: { type: 'number', default: 1 }, b: { type: 'number', default: 2 } },
    };
    const changed = plugin('test:changed', schema, '{\n  // mine\n  "b": 3\n}');
    expect(quick.validateData(changed)).toBeNull();
    expect(changed.data).toEqual({ composite: { a: 1, b: 3 }, user: { b: 3 } });
    const errors = quick.validateData(plugin('test:wrong', schema, '{"b": "three"}'));
    expect(errors?.[0]?.message).toBe('must be number');
  });
});
