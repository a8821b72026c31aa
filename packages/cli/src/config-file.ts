import { readFile } from 'node:fs/promises';
import { UsageError } from './usage-error.ts';

/** Reads the file that `--config` names: JSON or YAML, an object of settings. Throws UsageError with the line where it fails. */
export async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`The configuration file ${path} cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  // Loaded only where there is such a file.
  const { parse } = await import('yaml');
  let parsed: unknown;
  try {
    parsed = parse(text); // JSON is YAML
  } catch (error) {
    throw new UsageError(
      `The configuration file ${path} is neither JSON nor YAML: ${(error as Error).message.split('\n')[0]}`,
      { cause: error },
    );
  }
  if (parsed === null) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new UsageError(
      `The configuration file ${path} has to be an object of settings, such as "port: 8890".`,
    );
  }
  return parsed as Record<string, unknown>;
}
