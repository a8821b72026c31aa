import type { OptionDeclaration } from '@perijove/server';
import { choicesOf, defaultOf, flagOf, kindOf, variableOf, type OptionSection } from './option.ts';

export interface CommandHelp {
  readonly usage: string;
  readonly about: string;
  readonly sections: readonly OptionSection[];
}

const width = 100;
const indent = 6;

/** The text of `--help`: every option with its default and its variable. A snapshot test holds it. */
export function renderHelp({ usage, about, sections }: CommandHelp): string {
  const lines = [`Usage: ${usage}`, '', ...wrap(about, 0)];
  for (const { title, options } of sections) {
    lines.push('', `${title}:`);
    for (const [name, option] of Object.entries(options)) {
      lines.push(`  ${flagWithValue(name, option)}`);
      lines.push(...wrap(`${option.help} ${facts(name, option)}`, indent));
    }
  }
  lines.push(
    '',
    ...wrap(
      'A flag is stronger than its variable, a variable than a configuration file. A flag that is yes or no is turned round by --no-…',
      0,
    ),
  );
  return `${lines.join('\n')}\n`;
}

/** docs/reference/config.md: the same, as Markdown. */
export function renderConfigReference(sections: readonly OptionSection[]): string {
  const lines = [
    '# Settings',
    '',
    'Generated from the declarations in the sources (`node tools/generate.js`); do not edit.',
    '',
    'A setting is a flag, a variable, or a key in the file that `--config` names (JSON or YAML; the key is the flag without its',
    'dashes or its name in camelCase). A flag is stronger than a variable, a variable stronger than a file.',
  ];
  for (const { title, options } of sections) {
    lines.push(
      '',
      `## ${title}`,
      '',
      '| flag | variable | default | what it does |',
      '| --- | --- | --- | --- |',
    );
    for (const [name, option] of Object.entries(options)) {
      const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
      lines.push(
        `| \`${cell(flagWithValue(name, option))}\` | \`${variableOf(name)}\` | ${cell(defaultText(option)) || ' '} | ${cell(option.help)} |`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function flagWithValue(name: string, option: OptionDeclaration): string {
  const flag = `--${flagOf(name)}`;
  switch (kindOf(option)) {
    case 'boolean':
      return `--[no-]${flagOf(name)}`;
    case 'integer':
    case 'number':
      return `${flag} NUMBER`;
    case 'list':
      return `${flag} TEXT,…`;
    case 'choice':
      return `${flag} ${choicesOf(option).join('|')}`;
    case 'string':
      return `${flag} TEXT`;
  }
}

function facts(name: string, option: OptionDeclaration): string {
  const byDefault = defaultText(option);
  return `[${byDefault === '' ? '' : `default: ${byDefault}; `}${variableOf(name)}]`;
}

function defaultText(option: OptionDeclaration): string {
  const value = defaultOf(option) as string | number | boolean | string[] | undefined;
  if (value === undefined || value === '') return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return Array.isArray(value) ? value.join(',') : String(value);
}

function wrap(text: string, by: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && by + line.length + 1 + word.length > width) {
      lines.push(' '.repeat(by) + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, ' '.repeat(by) + line];
}
