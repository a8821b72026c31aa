import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testPython } from '@perijove/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadNotebook } from '../disk/load-notebook.ts';
import { sign } from '../disk/notary.ts';
import { isSignatureKnown, readSecret } from '../disk/signature-store.ts';
import { ByteSink } from './byte-sink.ts';
import { parseJson, withSentinel } from './parse-json.ts';
import type { JsonDocument, JsonObject } from './json-document.ts';
import { signatureOf } from './signature.ts';
import { testSettings } from './test-settings.ts';
import { validationMessage } from './validate.ts';
import { writeNotebook } from './write-notebook.ts';

const python = testPython();
const runFile = promisify(execFile);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'perijove-nbformat-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Reads a list of notebooks' texts; answers for each with what nbformat makes of it.
const script = `
import json, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import nbformat
from nbformat.sign import NotebookNotary
texts, answers, data_dir = sys.argv[1:]
notary = NotebookNotary(data_dir=data_dir)
result = []
for text in json.load(open(texts)):
    captured = {}
    nb = nbformat.from_dict(json.loads(text))
    written = nbformat.writes(nb, capture_validation_error=captured) + "\\n"
    try:
        read = nbformat.reads(written, as_version=4)
    except TypeError:  # too wrong to be read
        read = nb
    error = captured.get("ValidationError")
    if not sys.argv[1].endswith("unsigned.json"): notary.sign(read)
    result.append({
        "written": written,
        "read": json.dumps(read, sort_keys=True),
        "signature": notary.compute_signature(read),
        "error": error and str(error).split("\\n")[0],
        "known": notary.check_signature(read),
    })
json.dump(result, open(answers, "w"))
`;

interface Answer {
  written: string;
  read: string;
  signature: string;
  error: string | null;
  known: boolean;
}

async function ask(texts: readonly string[], name: string, dataDir: string): Promise<Answer[]> {
  const [input, output] = [join(folder, `${name}.json`), join(folder, `${name}.answers`)];
  writeFileSync(input, JSON.stringify(texts));
  await runFile(python, ['-c', script, input, output, dataDir], { timeout: 50_000 });
  return JSON.parse(readFileSync(output, 'utf8')) as Answer[];
}

// Notebooks as text, because numbers and escapes have more spellings than JSON.stringify knows.
const piece = fc.constantFrom(
  'a',
  ' ',
  '\\n',
  '\\r',
  '\\r\\n',
  '\\t',
  '\\u0085',
  '\\u2028',
  '\u0085',
  '\u2029',
);
const oddPiece = fc.constantFrom(
  '\\f',
  '\\u000b',
  '\\u001c',
  '\\u001F',
  '\\"',
  '\\\\',
  '\\/',
  'é',
  '😀',
  '\\ud83d\\ude00',
  '\\u00e9',
  '\u007F',
  '\\b',
);
const text = fc.array(fc.oneof(piece, oddPiece), { maxLength: 12 }).map((parts) => `"${parts.join('')}"`);
const lines = fc.oneof(
  text,
  fc.array(text, { maxLength: 4 }).map((items) => `[${items.join(' , ')}]`),
);
const number = fc.oneof(
  fc.integer().map(String),
  fc.bigInt().map(String),
  fc.double().map((value) => String(value)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential()),
  fc.constantFrom(
    '1.0',
    '-0',
    '-0.0',
    '1E5',
    '1e-7',
    '1e16',
    '1e999',
    '0.00001',
    '123456789012345680.0',
    'NaN',
    '-Infinity',
  ),
);
const key = fc.oneof(
  text,
  fc.constantFrom('"a"', '"b"', '"B"', '"_"', '"\uE000"', '"\u{10000}"', '"__proto__"', '"signature"'),
);
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('true', 'false', 'null', '{}', '[]'),
    number,
    text,
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((members) => object(Object.fromEntries(members))),
  ),
}));
const metadata = fc
  .array(fc.tuple(key, value), { maxLength: 4 })
  .map((members) => object(Object.fromEntries(members)));
const mimeType = fc.constantFrom(
  '"text/plain"',
  '"text/html"',
  '"image/svg+xml"',
  '"application/javascript"',
  '"image/png"',
);
const data = fc
  .tuple(fc.array(fc.tuple(mimeType, lines), { maxLength: 4 }), value)
  .map(([members, json]) => object({ ...Object.fromEntries(members), '"application/json"': json }));
const output = fc.oneof(
  fc
    .tuple(fc.constantFrom('"stdout"', '"stderr"'), lines)
    .map(([name, streamed]) => object({ '"output_type"': '"stream"', '"text"': streamed, '"name"': name })),
  fc
    .tuple(data, metadata)
    .map(([bundle, more]) =>
      object({ '"output_type"': '"display_data"', '"data"': bundle, '"metadata"': more }),
    ),
  fc.tuple(data, metadata).map(([bundle, more]) =>
    object({
      '"output_type"': '"execute_result"',
      '"data"': bundle,
      '"metadata"': more,
      '"execution_count"': '3',
    }),
  ),
  fc.array(text, { maxLength: 3 }).map((traceback) =>
    object({
      '"output_type"': '"error"',
      '"ename"': '"E"',
      '"evalue"': '""',
      '"traceback"': `[${traceback.join(',')}]`,
    }),
  ),
);
const cell = fc.oneof(
  fc
    .tuple(lines, metadata)
    .map(([source, more]) => ({ '"cell_type"': '"markdown"', '"source"': source, '"metadata"': more })),
  fc.tuple(lines, metadata, fc.array(output, { maxLength: 3 })).map(([source, more, outputs]) => ({
    '"cell_type"': '"code"',
    '"source"': source,
    '"metadata"': more,
    '"outputs"': `[${outputs.join(',')}]`,
    '"execution_count"': 'null',
  })),
);
const notebook = fc.tuple(fc.array(cell, { maxLength: 4 }), metadata).map(([cells, more]) =>
  object({
    '"nbformat"': '4',
    '"metadata"': more,
    '"nbformat_minor"': '5',
    '"cells"': `[${cells.map((members, index) => object({ ...members, '"id"': `"c${index}"` })).join(',\n')}]`,
  }),
);

function object(members: Record<string, string>): string {
  return `{${Object.entries(members)
    .map(([name, member]) => `${name} : ${member}`)
    .join(', ')}}`;
}

function parse(json: string): { document: JsonDocument; root: JsonObject } {
  const bytes = withSentinel(Buffer.from(json));
  const document = parseJson(bytes, bytes.length - 1);
  return { document, root: document.root as JsonObject };
}

function load(json: string) {
  return loadNotebook(withSentinel(Buffer.from(json)).subarray(0, -1), { path: 'x' }, testSettings);
}

test('[C23] what nbformat writes and reads of 400 notebooks, so do we; their signatures are the same', async () => {
  const texts = fc.sample(notebook, { seed: 4, numRuns: 400 });
  const dataDir = mkdtempSync(join(folder, 'data-'));
  const answers = await ask(texts, 'unsigned', dataDir);
  const secret = readSecret(dataDir);
  for (const [index, sent] of texts.entries()) {
    const answer = answers[index]!;
    const { document, root } = parse(sent);
    expect(writeNotebook(document, root).toString('utf8'), sent).toBe(answer.written);
    const loaded = load(answer.written);
    expect(signatureOf(loaded.document, loaded.notebook, secret), sent).toBe(answer.signature);
    const sink = new ByteSink();
    loaded.write(sink);
    const ours = JSON.parse(sink.view().toString('utf8')) as Cells;
    for (const read of ours.cells) delete read.metadata.trusted;
    expect(ours, sent).toEqual(JSON.parse(withoutNonFinite(answer.read)));
  }
});

interface Cells {
  cells: { metadata: { trusted?: boolean } }[];
}

/** As JSON.parse can read it: outside of strings only, which these notebooks do not have these words in. */
function withoutNonFinite(json: string): string {
  return json.replaceAll(/NaN|-?Infinity/g, 'null');
}

test('[C24] what Python has signed is trusted here, and nothing else', async () => {
  const dataDir = mkdtempSync(join(folder, 'data-'));
  const texts = fc.sample(notebook, { seed: 5, numRuns: 150 });
  const answers = await ask(texts, 'signed', dataDir);
  for (const answer of answers) {
    expect(answer.known).toBe(true);
    expect(isSignatureKnown(dataDir, answer.signature)).toBe(true);
    const other = answer.signature.replace(/^./, (first) => (first === '0' ? '1' : '0'));
    expect(isSignatureKnown(dataDir, other)).toBe(false);
  }
  const unsigned = load(
    JSON.stringify({ cells: [], metadata: { of: 'ours' }, nbformat: 4, nbformat_minor: 5 }),
  );
  const settings = { ...testSettings, dataDir };
  const signature = signatureOf(unsigned.document, unsigned.notebook, readSecret(dataDir));
  expect(isSignatureKnown(dataDir, signature)).toBe(false);
  sign(unsigned.document, unsigned.notebook, settings);
  expect(isSignatureKnown(dataDir, signature)).toBe(true);
});

const valid = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };
const code = { cell_type: 'code', id: 'a', metadata: {}, source: '', outputs: [], execution_count: null };
const stream = { output_type: 'stream', name: 'stdout', text: '' };
const invalid = [
  valid,
  { ...valid, extra: 1 },
  { ...valid, nbformat_minor: 4, cells: [{ ...code, id: 'a' }] },
  { ...valid, cells: [{ ...code, cell_type: 'foo' }] },
  { ...valid, cells: [{ ...code, source: undefined }] },
  { ...valid, cells: [{ ...code, source: 5 }] },
  { ...valid, cells: [{ ...code, id: 'not allowed!' }] },
  { ...valid, cells: [{ ...code, id: '' }] },
  { ...valid, cells: [{ ...code, execution_count: 'x' }] },
  { ...valid, cells: [{ ...code, execution_count: -1 }] },
  { ...valid, cells: [{ ...code, metadata: { collapsed: 'no' } }] },
  { ...valid, cells: [{ ...code, metadata: { tags: ['a', 'a'] } }] },
  { ...valid, cells: [{ ...code, metadata: { tags: ['a,b'] } }] },
  { ...valid, cells: [{ ...code, metadata: { name: 1 } }] },
  { ...valid, cells: [{ ...code, outputs: [{ ...stream, name: undefined }] }] },
  { ...valid, cells: [{ ...code, outputs: [{ ...stream, text: [1] }] }] },
  { ...valid, cells: [{ ...code, outputs: [{ ...stream, output_type: 'other' }] }] },
  { ...valid, cells: [{ ...code, more: 1, most: 2 }] },
  { ...valid, metadata: { kernelspec: {} } },
  { ...valid, metadata: { authors: {} } },
  { ...valid, nbformat_minor: 9, future: true, cells: [{ ...code, cell_type: 'foo' }] },
  { ...valid, nbformat_minor: 2, cells: [{ ...code, id: undefined, metadata: { jupyter: 1 } }] },
];

test('[C25] why a notebook is not valid is told in nbformat’s words', async () => {
  const texts = invalid.map((sent) => JSON.stringify(sent));
  const answers = await ask(texts, 'invalid-unsigned', mkdtempSync(join(folder, 'data-')));
  for (const [index, json] of texts.entries()) {
    const { document, root } = parse(json);
    const ours = validationMessage(document, root)
      ?.split('\n')[0]
      ?.replace('Notebook validation failed: ', '');
    expect(ours ?? null, json).toBe(answers[index]!.error);
  }
});
