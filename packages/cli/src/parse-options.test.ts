import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { parseOptions, type OptionSources } from './parse-options.ts';

const sections = [
  {
    title: 'Test',
    options: {
      port: { schema: Type.Integer({ default: 8888, minimum: 0, maximum: 65535 }), help: 'Port.' },
      rootDir: { schema: Type.String({ default: '.' }), help: 'Root.' },
      deleteToTrash: { schema: Type.Boolean({ default: true }), help: 'Trash.' },
      localHostnames: { schema: Type.Array(Type.String(), { default: ['localhost'] }), help: 'Names.' },
      logLevel: {
        schema: Type.Union([Type.Literal('info'), Type.Literal('warn')], { default: 'warn' }),
        help: 'Level.',
      },
    },
  },
];

const parse = (sources: Partial<OptionSources>) =>
  parseOptions(sections, { args: [], env: {}, files: [], ...sources });

describe('parseOptions', () => {
  test('[B1] each source is stronger than the one before', () => {
    const files = [{ from: 'a.yaml', values: { port: 1 } }];
    expect(parse({}).values['port']).toBe(8888);
    expect(parse({ files }).values['port']).toBe(1);
    expect(parse({ files, env: { PERIJOVE_PORT: '2' } }).values['port']).toBe(2);
    const all = parse({ files, env: { PERIJOVE_PORT: '2' }, args: ['--port', '3'] });
    expect(all.values['port']).toBe(3);
    expect(all.origins).toMatchObject({ port: 'flag', rootDir: 'default' });
  });

  test('[B1] our own variable is stronger than Jupyter’s for the same option', () => {
    const variables = { port: ['JUPYTER_PORT'] };
    expect(parse({ variables, env: { JUPYTER_PORT: '4' } }).values['port']).toBe(4);
    expect(parse({ variables, env: { JUPYTER_PORT: '4', PERIJOVE_PORT: '5' } }).values['port']).toBe(5);
  });

  test.each([
    [{ args: ['--port', 'eighty'] }, '--port eighty is not a whole number.'],
    [{ args: ['--port=70000'] }, '--port 70000 is more than 65535.'],
    [{ args: ['--port'] }, '--port needs a value.'],
    [{ args: ['--log-level', 'loud'] }, '--log-level loud is none of info, warn.'],
    [
      { env: { PERIJOVE_DELETE_TO_TRASH: 'perhaps' } },
      'the variable PERIJOVE_DELETE_TO_TRASH is neither true nor false.',
    ],
    [{ files: [{ from: 'a.yaml', values: { port: '80' } }] }, 'a.yaml: port is not a whole number.'],
  ])('[B2] %j is refused with what would be right', (sources, message) => {
    expect(() => parse(sources)).toThrow(message);
  });

  test('[B3] an unknown flag is refused, and a near one named', () => {
    expect(() => parse({ args: ['--rootdir', 'x'] })).toThrow(
      'There is no flag --rootdir (did you mean --root-dir?)',
    );
    expect(() => parse({ args: ['--frobnicate'] })).toThrow(
      'There is no flag --frobnicate. --help lists all.',
    );
    expect(() => parse({ files: [{ from: 'a.yaml', values: { prt: 1 } }] })).toThrow(
      'there is no setting prt',
    );
  });

  test('[B4] a boolean flag can be negated and leaves the next word alone', () => {
    expect(parse({ args: ['--no-delete-to-trash'] }).values['deleteToTrash']).toBe(false);
    const parsed = parse({ args: ['--delete-to-trash', 'folder'] });
    expect(parsed.values['deleteToTrash']).toBe(true);
    expect(parsed.positionals).toEqual(['folder']);
    expect(parse({ args: ['--delete-to-trash=false'] }).values['deleteToTrash']).toBe(false);
  });

  test('[B4] a list is a comma-separated text or a repeated flag', () => {
    expect(
      parse({ args: ['--local-hostnames', 'a,b', '--local-hostnames', 'c'] }).values['localHostnames'],
    ).toEqual(['a', 'b', 'c']);
  });

  test('[B1] a key in a file may be written as the flag is', () => {
    expect(parse({ files: [{ from: 'a.yaml', values: { 'root-dir': '/srv' } }] }).values['rootDir']).toBe(
      '/srv',
    );
  });
});
