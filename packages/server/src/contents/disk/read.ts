import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { ContentsFailure } from './contents-failure.ts';
import type { ContentsModel, GetOptions } from '../contents.ts';
import { ByteSink } from '../nbformat/byte-sink.ts';
import { writeEscapedText } from '../nbformat/json-string.ts';
import { loadNotebook } from './load-notebook.ts';
import { entryModel } from './entry-model.ts';
import { compileGlobs } from './glob.ts';
import { isInside, locate } from './location.ts';
import type { Location } from './location.ts';
import type { DiskSettings } from './settings.ts';

export interface Rendered {
  readonly json: Buffer;
  readonly path: string;
  readonly type: ContentsModel['type'];
  readonly lastModifiedMs: number;
}

/** Reads an entry as JSON of its model. */
export function readEntry(apiPath: string, options: GetOptions, settings: DiskSettings): Rendered {
  const location = locate(apiPath, settings);
  const stats = location.isHidden && !settings.allowHidden ? undefined : existing(location.osPath);
  if (stats === undefined)
    throw new ContentsFailure('NOT_FOUND', `file or directory does not exist: '${apiPath}'`);
  if (stats.isDirectory()) return readDirectory(location, options, settings);
  if (options.type === 'directory')
    throw new ContentsFailure('BAD_REQUEST', `${location.path} is not a directory`, { reason: 'bad type' });
  const isNotebook =
    options.type === 'notebook' || (options.type === undefined && location.name.endsWith('.ipynb'));
  return isNotebook ? readNotebook(location, options, settings) : readFile(location, options, settings);
}

/** Model of an entry without content, as every change answers with. */
export function describeEntry(
  location: Location,
  type: ContentsModel['type'] | undefined,
  message?: string,
): Rendered {
  const isDirectory = statSync(location.osPath).isDirectory();
  const as = isDirectory ? 'directory' : (type ?? (location.name.endsWith('.ipynb') ? 'notebook' : 'file'));
  const stats = lstatSync(location.osPath);
  const model = entryModel(location, as, stats);
  if (message !== undefined) model.message = message;
  return render(model, stats);
}

function render(model: ContentsModel, stats: Stats, content?: (sink: ByteSink) => void, size = 0): Rendered {
  const sink = new ByteSink(size + 1024);
  const head = JSON.stringify({ ...model, content: undefined });
  if (content === undefined) sink.utf8(JSON.stringify(model));
  else {
    sink.utf8(head.slice(0, -1));
    sink.ascii(',"content":');
    content(sink);
    sink.byte(0x7d);
  }
  return { json: sink.view(), path: model.path, type: model.type, lastModifiedMs: stats.mtimeMs };
}

function existing(osPath: string): Stats | undefined {
  try {
    return statSync(osPath);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ELOOP')
      return undefined;
    throw error;
  }
}

function readDirectory(location: Location, options: GetOptions, settings: DiskSettings): Rendered {
  if (options.type !== undefined && options.type !== 'directory')
    throw new ContentsFailure('BAD_REQUEST', `${location.path} is a directory, not a ${options.type}`, {
      reason: 'bad type',
    });
  const stats = lstatSync(location.osPath);
  const model = entryModel(location, 'directory', stats);
  if (options.content) {
    model.content = listEntries(location, settings);
    model.format = 'json';
  }
  return render(model, stats);
}

function listEntries(location: Location, settings: DiskSettings): ContentsModel[] {
  const isUnwanted = compileGlobs(settings.hideGlobs);
  const models: ContentsModel[] = [];
  for (const name of readdirSync(location.osPath)) {
    // A name that is not UTF-8 cannot be addressed by an API path.
    if ((name.startsWith('.') && !settings.allowHidden) || name.includes('\uFFFD') || isUnwanted(name))
      continue;
    const model = listEntry(
      { name, path: location.path === '' ? name : `${location.path}/${name}` },
      location,
      settings,
    );
    if (model !== undefined) models.push(model);
  }
  return models;
}

/** Undefined for what a listing leaves out: sockets and the like, broken links, links out of the root. */
function listEntry(
  entry: { name: string; path: string },
  parent: Location,
  settings: DiskSettings,
): ContentsModel | undefined {
  const osPath = join(parent.osPath, entry.name);
  try {
    const stats = lstatSync(osPath);
    let target = stats;
    if (stats.isSymbolicLink()) {
      target = statSync(osPath);
      if (!settings.followLinksOutside && !isInside(osPath, settings.root)) return undefined;
    }
    if (!target.isFile() && !target.isDirectory()) return undefined;
    const type = target.isDirectory() ? 'directory' : entry.name.endsWith('.ipynb') ? 'notebook' : 'file';
    return entryModel({ ...entry, osPath }, type, stats);
  } catch {
    return undefined; // Gone meanwhile, a broken link, or not for us to see.
  }
}

function readFile(location: Location, options: GetOptions, settings: DiskSettings): Rendered {
  if (!options.content && !options.hash) return describeEntry(location, 'file');
  const { bytes, stats } = readWhole(location, settings);
  const model = entryModel(location, 'file');
  if (options.hash) addHash(model, bytes);
  if (!options.content) return render(model, stats);
  const isText = options.format !== 'base64' && isUtf8(bytes);
  if (options.format === 'text' && !isText)
    throw new ContentsFailure('BAD_REQUEST', `${location.path} is not UTF-8 encoded`, {
      reason: 'bad format',
    });
  model.format = isText ? 'text' : 'base64';
  model.mimetype ??= isText ? 'text/plain' : 'application/octet-stream';
  if (isText) return render(model, stats, (sink) => writeEscapedText(sink, bytes), bytes.length);
  return render(model, stats, (sink) => writeBase64Lines(sink, bytes), Math.ceil(bytes.length * 1.4));
}

function readNotebook(location: Location, options: GetOptions, settings: DiskSettings): Rendered {
  if (!options.content && !options.hash) return describeEntry(location, 'notebook');
  const { bytes, stats } = readWhole(location, settings);
  const model = entryModel(location, 'notebook');
  if (options.hash) addHash(model, bytes);
  if (!options.content) return render(model, stats);
  const notebook = loadNotebook(bytes, location, settings);
  model.format = 'json';
  if (notebook.message !== undefined) model.message = notebook.message;
  return render(model, stats, (sink) => notebook.write(sink), bytes.length);
}

function addHash(model: ContentsModel, bytes: Uint8Array): void {
  model.hash = createHash('sha256').update(bytes).digest('hex');
  model.hash_algorithm = 'sha256';
}

/** A file's bytes; behind them in the same memory there is a 0 (see parseJson). */
export function readWhole(location: Location, settings: DiskSettings): { bytes: Buffer; stats: Stats } {
  const fd = openSync(location.osPath, 'r');
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new ContentsFailure('BAD_REQUEST', `Cannot read non-file ${location.path}`);
    if (stats.size > settings.maxContentBytes) {
      throw new ContentsFailure(
        'TOO_LARGE',
        `${location.path} has ${stats.size} bytes; more than ${settings.maxContentBytes} are not opened (maxContentBytes). Download it instead.`,
      );
    }
    return { bytes: readUpTo(fd, stats.size), stats };
  } finally {
    closeSync(fd);
  }
}

function readUpTo(fd: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size + 1);
  let done = 0;
  while (done < size) {
    const got = readSync(fd, bytes, done, size - done, done);
    if (got === 0) break;
    done += got;
  }
  bytes[done] = 0;
  return bytes.subarray(0, done);
}

// Python's encodebytes: 57 bytes a line, each line ended. In JSON the end of line is an escape.
function writeBase64Lines(sink: ByteSink, bytes: Buffer): void {
  sink.byte(0x22);
  for (let at = 0; at < bytes.length; at += 57) {
    const line = bytes.toString('base64', at, Math.min(at + 57, bytes.length));
    sink.ascii(line);
    sink.ascii(String.raw`\n`);
  }
  sink.byte(0x22);
}
