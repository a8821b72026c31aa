import { readFile, readdir, stat } from 'node:fs/promises';
import JSON5 from 'json5';

/** A file as it was last read. `stamp` changes whenever the file does. */
export type JsonFile = { readonly stamp: string; readonly value: unknown } | BrokenJsonFile;

interface BrokenJsonFile {
  readonly stamp: string;
  readonly problem: string;
}

/**
 * JSON and JSON5 files that are asked for again and again and seldom change: parsed once per change, at the price of one
 * `stat` each time. Only files that exist take room.
 */
export class JsonFiles {
  readonly #files = new Map<string, JsonFile>();

  /** Undefined if there is no such file; `problem` if it cannot be read or is not JSON. */
  async read(path: string): Promise<JsonFile | undefined> {
    const stamp = await stampOf(path);
    if (stamp === undefined) {
      this.#files.delete(path);
      return undefined;
    }
    const known = this.#files.get(path);
    if (known?.stamp === stamp) return known;
    const file = await load(path, stamp);
    this.#files.set(path, file);
    return file;
  }
}

/** Identity, time and size of a file; undefined if there is none. */
export async function stampOf(path: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${ino}:${mtimeMs}:${size}`;
  } catch {
    // Missing, or behind something that is no folder: no file either way.
    return undefined;
  }
}

async function load(path: string, stamp: string): Promise<JsonFile> {
  try {
    const text = await readFile(path, 'utf8');
    return { stamp, value: path.endsWith('.json5') ? JSON5.parse(text) : JSON.parse(text) };
  } catch (error) {
    return { stamp, problem: `${path}: ${(error as Error).message}` };
  }
}

/** Names in a folder, sorted; none if it cannot be read. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch {
    // Most of the folders that Jupyter searches do not exist.
    return [];
  }
}
