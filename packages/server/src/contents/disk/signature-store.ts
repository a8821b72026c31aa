// Signatures of trusted notebooks. Ours are lines of a text file; Python's are in an SQLite file that we read and never
// write, because SQLite for Node that needs no compiler does not lock as Python's does (docs/decisions/).
import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeAtomically } from './atomic-write.ts';
import { isInSqliteIndex } from './sqlite-index.ts';

const algorithm = 'sha256';
/** As many as nbformat keeps; beyond that the oldest quarter goes. */
const maxSignatures = 65_535;

interface Known {
  readonly size: number;
  readonly ino: number;
  readonly signatures: Set<string>;
}

const knownByFile = new Map<string, Known>();

/** The key of all signatures, made on the first use, in the file that Python's nbformat uses. */
export function readSecret(dataDir: string): Buffer {
  const file = join(dataDir, 'notebook_secret');
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(dataDir, { recursive: true });
  // As Python's encodebytes() spells it.
  const secret = randomBytes(1024)
    .toString('base64')
    .replaceAll(/.{1,76}/g, '$&\n');
  try {
    writeFileSync(file, secret, { flag: 'wx', mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file);
}

export function isSignatureKnown(dataDir: string, signature: string): boolean {
  return ownSignatures(dataDir).has(signature) || isKnownToPython(dataDir, signature);
}

export function recordSignature(dataDir: string, signature: string): void {
  const signatures = ownSignatures(dataDir);
  if (signatures.has(signature)) return;
  const file = ownFile(dataDir);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (signatures.size < maxSignatures) {
    appendFileSync(file, `${algorithm}:${signature}\n`, { mode: 0o600 });
    return;
  }
  const kept = [...signatures].slice(Math.ceil(signatures.size / 4));
  writeAtomically(file, Buffer.from(asLines([...kept, signature])), { useFsync: false });
}

function ownFile(dataDir: string): string {
  return join(dataDir, 'perijove', 'trusted-notebooks');
}

function asLines(signatures: readonly string[]): string {
  return signatures.map((signature) => `${algorithm}:${signature}\n`).join('');
}

/** Read again only when the file has changed: other threads and servers add to it. */
function ownSignatures(dataDir: string): ReadonlySet<string> {
  const file = ownFile(dataDir);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return new Set();
  const known = knownByFile.get(file);
  if (known?.size === stats.size && known.ino === stats.ino) return known.signatures;
  const prefix = `${algorithm}:`;
  const lines = readFileSync(file, 'latin1').split('\n');
  const signatures = new Set(
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length)),
  );
  knownByFile.set(file, { size: stats.size, ino: stats.ino, signatures });
  return signatures;
}

function isKnownToPython(dataDir: string, signature: string): boolean {
  try {
    return isInSqliteIndex(join(dataDir, 'nbsignatures.db'), 'algosig', [algorithm, signature]);
  } catch {
    return false; // There is none, or it is being written: then the notebook counts as not trusted.
  }
}
