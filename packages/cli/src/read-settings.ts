import { access, constants, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readConfigFile } from './config-file.ts';
import type { Environment } from './environment.ts';
import { jupyterFlags, jupyterVariables, readJupyterTraits } from './jupyter-names.ts';
import { parseOptions, type ParsedOptions } from './parse-options.ts';
import { labSections } from './sections.ts';
import { UsageError } from './usage-error.ts';

/** Reads all settings of `perijove lab`: Jupyter's configuration files, the file of `--config`, variables, flags. */
export async function readSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  environment: Pick<Environment, 'paths'>,
): Promise<ParsedOptions> {
  const variables = { ...env };
  // jupyter_server reads the token from a file where a variable would show in process lists.
  if (env['JUPYTER_TOKEN_FILE'] && env['JUPYTER_TOKEN'] === undefined) {
    variables['JUPYTER_TOKEN'] = (await readFile(env['JUPYTER_TOKEN_FILE'], 'utf8')).trim();
  }
  const sources = { args, env: variables, variables: jupyterVariables, flags: jupyterFlags };
  const files = await jupyterFiles(environment.paths.configPath);
  const { values, positionals } = parseOptions(labSections, { ...sources, files });
  const config = values['config'] as string;
  const all = config === '' ? files : [...files, { from: config, values: await readConfigFile(config) }];
  const parsed = parseOptions(labSections, { ...sources, files: all });
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
