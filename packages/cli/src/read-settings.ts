import { access, constants, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readConfigFile } from './config-file.ts';
import type { Environment } from './environment.ts';
import { jupyterFlags, jupyterVariables, readJupyterTraits } from './jupyter-names.ts';
import { parseRootTemplate } from '@perijove/server';
import { asOurs, jegFlags, jegVariables } from './jeg-names.ts';
import type { OptionSection } from './option.ts';
import { parseOptions, type OptionSources, type ParsedOptions } from './parse-options.ts';
import { gatewaySections, labSections } from './sections.ts';
import { UsageError } from './usage-error.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Reads all settings of `perijove lab`: Jupyter's configuration files, the file of `--config`, variables, flags. */
export async function readSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  environment: Pick<Environment, 'paths'>,
): Promise<ParsedOptions> {
  const files = await jupyterFiles(environment.paths.configPath);
  return readAll(labSections, args, await withTokenFile(env), files, {
    variables: jupyterVariables,
    flags: jupyterFlags,
  });
}

/** Reads all settings of `perijove gateway`: the file of `--config`, variables (its own and Enterprise Gateway's), flags. */
export async function readGatewaySettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<ParsedOptions> {
  return readAll(gatewaySections, args, asOurs(env), [], { variables: jegVariables, flags: jegFlags });
}

interface OtherNames {
  readonly variables: Readonly<Record<string, readonly string[]>>;
  readonly flags: Readonly<Record<string, string>>;
}

/** jupyter_server reads the token from a file where a variable would show in process lists. */
async function withTokenFile(env: Variables): Promise<Variables> {
  if (!env['JUPYTER_TOKEN_FILE'] || env['JUPYTER_TOKEN'] !== undefined) return env;
  return { ...env, JUPYTER_TOKEN: (await readFile(env['JUPYTER_TOKEN_FILE'], 'utf8')).trim() };
}

async function readAll(
  sections: readonly OptionSection[],
  args: readonly string[],
  env: Variables,
  files: OptionSources['files'],
  names: OtherNames,
): Promise<ParsedOptions> {
  const sources = { args, env, ...names };
  const { values, positionals } = parseOptions(sections, { ...sources, files });
  const config = values['config'] as string;
  const all = config === '' ? files : [...files, { from: config, values: await readConfigFile(config) }];
  const parsed = parseOptions(sections, { ...sources, files: all });
  if (positionals.length > 1)
    throw new UsageError(`One folder can be opened, not ${positionals.length}: ${positionals.join(', ')}.`);
  const rootDir = await findRoot(positionals[0] ?? (parsed.values['rootDir'] as string));
  return { ...parsed, values: { ...parsed.values, rootDir } };
}

/** `jupyter_server_config.json` along Jupyter's configuration path, weakest first. The `.py` form cannot be read without Python. */
async function jupyterFiles(configPath: readonly string[]) {
  const known = (option: string): boolean => labSections.some(({ options }) => option in options);
  const files: { from: string; values: Record<string, unknown> }[] = [];
  for (const folder of configPath.toReversed()) {
    const from = join(folder, 'jupyter_server_config.json');
    try {
      files.push({ from, values: readJupyterTraits(JSON.parse(await readFile(from, 'utf8')), known) });
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new UsageError(`${from} is not JSON: ${error.message}.`, { cause: error });
      // not there: most folders have none
    }
  }
  return files;
}

async function findRoot(folder: string): Promise<string> {
  const path = resolve(folder.replace(/^~(?=$|\/)/, process.env['HOME'] ?? '~'));
  const template = parseRootTemplate(path);
  if (template !== undefined) return join(await findRoot(template.base), ...template.names);
  try {
    if (!(await stat(path)).isDirectory())
      throw new UsageError(`${path} is a file. --root-dir has to be a folder.`);
    await access(path, constants.R_OK | constants.X_OK);
    return await realpath(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `The folder ${path} does not exist or cannot be read. --root-dir says which folder to open.`,
      { cause: error },
    );
  }
}
