// Notebooks of formats 1 to 3 as 4.5, step by step like nbformat.convert. They are old and small, so plain objects do.
import { RawJson } from './plain-json.ts';
import { newCellId } from './normalize.ts';

type Plain = Record<string, unknown>;

/** A notebook cannot be upgraded, because something that its format requires is not there. */
export class UpgradeError extends Error {}

/** Upgrades a notebook (as `toPlain` gives it) of format 1, 2 or 3. */
export function upgradeToV4(notebook: Plain, major: number): Plain {
  let upgraded = notebook;
  if (major <= 1) upgraded = fromV1(upgraded);
  if (major <= 2) upgraded = fromV2(major <= 1 ? upgraded : joined(upgraded, '\n'));
  else upgraded = joined(upgraded, undefined);
  return fromV3(upgraded);
}

function fromV1(notebook: Plain): Plain {
  const cells = objects(notebook.cells, 'cells').map((cell) =>
    cell.cell_type === 'code'
      ? defined({
          cell_type: 'code',
          language: 'python',
          input: cell.code ?? undefined,
          prompt_number: cell.prompt_number ?? undefined,
          outputs: [],
          collapsed: false,
        })
      : defined({ cell_type: 'markdown', source: cell.text ?? undefined }),
  );
  return { nbformat: 2, metadata: {}, worksheets: [{ cells }] };
}

function fromV2(notebook: Plain): Plain {
  for (const cell of cellsOf(notebook)) cell.metadata ??= {};
  return notebook;
}

const multilineOutputs = ['text', 'html', 'svg', 'latex', 'javascript', 'json'];

/** Lists of lines as text. Lines of format 2 are joined by `separator`; those of format 3 tell by their first one. */
function joined(notebook: Plain, separator: string | undefined): Plain {
  for (const cell of cellsOf(notebook)) {
    if (cell.cell_type === 'code') {
      joinMember(cell, 'input', separator);
      for (const output of objects(cell.outputs, 'outputs'))
        for (const key of multilineOutputs) joinMember(output, key, separator);
    } else for (const key of ['source', 'rendered']) joinMember(cell, key, separator);
  }
  return notebook;
}

function joinMember(owner: Plain, key: string, separator: string | undefined): void {
  const lines = owner[key];
  if (!Array.isArray(lines)) return;
  if (!lines.every((line) => typeof line === 'string')) throw new UpgradeError(`'${key}' must be text`);
  const endsItself = /[\n\r]$/.test(lines[0] ?? '');
  owner[key] = lines.join(separator ?? (endsItself ? '' : '\n'));
}

function fromV3(notebook: Plain): Plain {
  const metadata = { ...object(notebook.metadata, 'metadata') };
  for (const key of ['name', 'signature', 'orig_nbformat', 'orig_nbformat_minor']) delete metadata[key];
  const { worksheets, orig_nbformat: _, orig_nbformat_minor: __, ...rest } = notebook;
  const cells = objects(worksheets ?? [], 'worksheets').flatMap((sheet) => objects(sheet.cells, 'cells'));
  return { ...rest, nbformat: 4, nbformat_minor: 5, metadata, cells: cells.map(upgradeCell) };
}

function upgradeCell(cell: Plain): Plain {
  const { trusted: _, ...kept } = cell;
  const metadata = { ...object(kept.metadata ?? {}, 'metadata') };
  delete metadata.trusted;
  const upgraded: Plain = { ...kept, metadata, id: newCellId() };
  if (cell.cell_type === 'code') {
    if ('collapsed' in upgraded) metadata.collapsed = upgraded.collapsed;
    upgraded.source = upgraded.input ?? '';
    upgraded.execution_count = upgraded.prompt_number ?? null;
    upgraded.outputs = objects(cell.outputs, 'outputs').map(upgradeOutput);
    for (const key of ['language', 'collapsed', 'input', 'prompt_number']) delete upgraded[key];
  } else if (cell.cell_type === 'heading') {
    const level = cell.level instanceof RawJson ? Number(cell.level.text) : 1;
    delete upgraded.level;
    upgraded.cell_type = 'markdown';
    const lines = splitLines(typeof cell.source === 'string' ? cell.source : '');
    upgraded.source = `${'#'.repeat(Math.max(0, Math.min(level, 100)))} ${lines.join(' ')}`;
  } else if (cell.cell_type === 'html') upgraded.cell_type = 'markdown';
  return upgraded;
}

const lineEnds = '\n\r\v\f\u001C\u001D\u001E\u0085\u2028\u2029';

/** Python's splitlines(). */
function splitLines(text: string): string[] {
  const lines: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (!lineEnds.includes(text[i]!)) continue;
    lines.push(text.slice(start, i));
    if (text[i] === '\r' && text[i + 1] === '\n') i++;
    start = i + 1;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

const mimeTypeOf: Record<string, string> = {
  text: 'text/plain',
  html: 'text/html',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpeg: 'image/jpeg',
  latex: 'text/latex',
  json: 'application/json',
  javascript: 'application/javascript',
};

function upgradeOutput(output: Plain): Plain {
  const { output_type: type } = output;
  if (type === 'pyerr') return { ...output, output_type: 'error' };
  if (type === 'stream') {
    const { stream, ...rest } = output;
    return { ...rest, name: stream ?? 'stdout' };
  }
  if (type !== 'pyout' && type !== 'display_data') return output;
  const { output_type: _, metadata = {}, prompt_number: count, ...rest } = output;
  const data = byMimeType(type === 'pyout' ? rest : defined({ ...rest, prompt_number: count }));
  if (typeof data['application/json'] === 'string')
    data['application/json'] = parsed(data['application/json']);
  const upgraded: Plain = { output_type: type, metadata: byMimeType(object(metadata, 'metadata')), data };
  return type === 'pyout'
    ? { ...upgraded, output_type: 'execute_result', execution_count: count ?? null }
    : upgraded;
}

function byMimeType(bundle: Plain): Plain {
  return Object.fromEntries(
    Object.entries(bundle).map(([key, value]) => [
      Object.hasOwn(mimeTypeOf, key) ? mimeTypeOf[key]! : key,
      value,
    ]),
  );
}

/** Text that is JSON: goes back to text as it is (see fromPlain), so numbers keep their spelling. */
function parsed(text: string): unknown {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new UpgradeError('an output of type json is not JSON', { cause: error });
  }
  return new RawJson(text);
}

function cellsOf(notebook: Plain): Plain[] {
  return objects(notebook.worksheets, 'worksheets').flatMap((sheet) => objects(sheet.cells, 'cells'));
}

function objects(value: unknown, name: string): Plain[] {
  if (!Array.isArray(value)) throw new UpgradeError(`'${name}' is missing or not a list`);
  return value.map((item) => object(item, name));
}

function object(value: unknown, name: string): Plain {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof RawJson)
    throw new UpgradeError(`'${name}' is missing or not an object`);
  return value as Plain;
}

function defined(members: Plain): Plain {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
