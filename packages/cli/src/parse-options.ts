import { parseArgs } from 'node:util';
import type { OptionDeclaration } from '@perijove/server';
import { check, flagOf, kindOf, defaultOf, readText, variableOf, type OptionSection } from './option.ts';
import { UsageError } from './usage-error.ts';

/** Where a value came from, for messages and for what depends on it (a port that was asked for is not exchanged). */
type Origin = 'default' | 'file' | 'variable' | 'flag';

export interface ParsedOptions {
  readonly values: Readonly<Record<string, unknown>>;
  readonly origins: Readonly<Record<string, Origin>>;
  readonly positionals: readonly string[];
}

export interface OptionSources {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values from configuration files by option name, weakest first; `from` names the file. */
  readonly files: readonly { readonly from: string; readonly values: Readonly<Record<string, unknown>> }[];
  /** Other variables that mean an option, weaker than its own: Jupyter's. */
  readonly variables?: Readonly<Record<string, readonly string[]>>;
  /** Short or other names of flags: `-y`, `--notebook-dir`. */
  readonly flags?: Readonly<Record<string, string>>;
}

/**
 * Defaults, then files, then variables, then flags. Throws UsageError that names the option, its source and what would be right.
 */
export function parseOptions(sections: readonly OptionSection[], sources: OptionSources): ParsedOptions {
  const declared = new Map<string, OptionDeclaration>();
  for (const section of sections) {
    for (const [name, option] of Object.entries(section.options)) {
      if (declared.has(name)) throw new TypeError(`option ${name} is declared twice`);
      declared.set(name, option);
    }
  }
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  const set = (
    name: string,
    origin: Origin,
    result: { value: unknown } | { problem: string },
    where: string,
  ): void => {
    if ('problem' in result) throw new UsageError(`${where} ${result.problem}.`);
    values[name] = result.value;
    origins[name] = origin;
  };

  for (const [name, option] of declared) {
    values[name] = defaultOf(option);
    origins[name] = 'default';
  }
  for (const { from, values: inFile } of sources.files) {
    for (const [key, value] of Object.entries(inFile)) {
      const name = declared.has(key)
        ? key
        : [...declared.keys()].find((candidate) => flagOf(candidate) === key);
      if (name === undefined)
        throw new UsageError(`${from}: there is no setting ${key}${nearest(key, declared)}.`);
      set(name, 'file', check(declared.get(name)!, value), `${from}: ${key}`);
    }
  }
  for (const [name, option] of declared) {
    for (const variable of [...(sources.variables?.[name] ?? []), variableOf(name)]) {
      const text = sources.env[variable];
      if (text !== undefined) set(name, 'variable', readText(option, text), `the variable ${variable}`);
    }
  }
  const { flags, positionals } = parseFlags(declared, sources);
  for (const [name, text] of flags) {
    const option = declared.get(name)!;
    const kind = kindOf(option);
    if (kind === 'list')
      set(
        name,
        'flag',
        check(
          option,
          text.flatMap((part) => part.split(',')),
        ),
        `--${flagOf(name)}`,
      );
    else set(name, 'flag', readText(option, text.at(-1)!), `--${flagOf(name)} ${text.at(-1)!}`);
  }
  return { values, origins, positionals };
}

function parseFlags(declared: ReadonlyMap<string, OptionDeclaration>, sources: OptionSources) {
  const byFlag = new Map<string, { name: string; negated: boolean }>();
  for (const [name, option] of declared) {
    byFlag.set(flagOf(name), { name, negated: false });
    if (kindOf(option) === 'boolean') byFlag.set(`no-${flagOf(name)}`, { name, negated: true });
  }
  const args = sources.args.map((arg) => {
    const [name = '', ...value] = arg.split('=');
    return [sources.flags?.[name] ?? name, ...value].join('=');
  });
  const { tokens } = parseArgs({
    args,
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: stringFlags(byFlag, declared),
  });
  const flags = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const meant = byFlag.get(token.name);
    if (!meant)
      throw new UsageError(
        `There is no flag ${token.rawName}${nearest(token.name, declared)}. --help lists all.`,
      );
    const isBoolean = kindOf(declared.get(meant.name)!) === 'boolean';
    if (!isBoolean && token.value === undefined) throw new UsageError(`${token.rawName} needs a value.`);
    const text = isBoolean ? negate(token.value ?? 'true', meant.negated) : token.value!;
    flags.set(meant.name, [...(flags.get(meant.name) ?? []), text]);
  }
  return { flags, positionals };
}

/** Which flags take the next word as their value; booleans never do. */
function stringFlags(
  byFlag: ReadonlyMap<string, { name: string }>,
  declared: ReadonlyMap<string, OptionDeclaration>,
) {
  const options: Record<string, { type: 'string' | 'boolean' }> = {};
  for (const [flag, { name }] of byFlag) {
    options[flag] = { type: kindOf(declared.get(name)!) === 'boolean' ? 'boolean' : 'string' };
  }
  return options;
}

function negate(text: string, negated: boolean): string {
  return negated ? (/^(1|true|yes|on)$/i.test(text) ? 'false' : 'true') : text;
}

/** ` (did you mean --root-dir?)`, where one is near. */
function nearest(flag: string, declared: ReadonlyMap<string, OptionDeclaration>): string {
  const distances = [...declared.keys()].map((name) => [distance(flag, flagOf(name)), flagOf(name)] as const);
  const [best] = distances.toSorted(([a], [b]) => a - b);
  return best && best[0] <= Math.max(2, flag.length / 4) ? ` (did you mean --${best[1]}?)` : '';
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
