// Looks a pair of texts up in an index of an SQLite file, reading only. Python's SQLite may be writing at the same time:
// no lock is taken (Node has none that SQLite heeds), so what is read may be half new. Whoever asks must be able to live
// with a wrong "not there"; a wrong "there" would need the very texts to be in the file.
// Format: https://www.sqlite.org/fileformat2.html
import { closeSync, openSync, readSync } from 'node:fs';

const maxDepth = 20;

/** Whether the index named `index`, over two text columns, has an entry that begins with these texts. */
export function isInSqliteIndex(file: string, index: string, texts: readonly [string, string]): boolean {
  const fd = openSync(file, 'r');
  try {
    const database = new Database(fd);
    const root = database.rootOf(index);
    return (
      root !== undefined &&
      database.search(
        root,
        texts.map((text) => Buffer.from(text)),
        0,
      )
    );
  } finally {
    closeSync(fd);
  }
}

interface Page {
  readonly bytes: Buffer;
  /** Where the header of the b-tree page is: behind the file's header in the first page. */
  readonly header: number;
  readonly type: number;
  readonly cellCount: number;
}

class Database {
  private readonly fd: number;
  private readonly pageSize: number;

  constructor(fd: number) {
    this.fd = fd;
    const header = Buffer.alloc(100);
    readSync(fd, header, 0, 100, 0);
    if (!header.toString('latin1').startsWith('SQLite format 3\0')) throw new Error('not an SQLite file');
    const size = header.readUInt16BE(16);
    this.pageSize = size === 1 ? 65_536 : size;
  }

  /** Page of an index's b-tree, from the table of all tables, which begins at page 1. */
  rootOf(index: string): number | undefined {
    const pages = [1];
    for (let next = pages.pop(), seen = 0; next !== undefined && seen < 1000; next = pages.pop(), seen++) {
      const page = this.page(next);
      for (const at of cellsOf(page)) {
        if (page.type === 0x05) pages.push(page.bytes.readUInt32BE(at));
        else if (page.type === 0x0d) {
          const [, afterSize] = readVarint(page.bytes, at);
          const [, payload] = readVarint(page.bytes, afterSize);
          const [type, name, , root] = readRecord(page.bytes, payload);
          if (isText(type, 'index') && isText(name, index) && typeof root === 'number') return root;
        }
      }
      if (page.type === 0x05) pages.push(page.bytes.readUInt32BE(page.header + 8));
    }
    return undefined;
  }

  search(pageNumber: number, wanted: readonly Buffer[], depth: number): boolean {
    if (depth > maxDepth) return false;
    const page = this.page(pageNumber);
    const isInterior = page.type === 0x02;
    if (!isInterior && page.type !== 0x0a) return false;
    for (const at of cellsOf(page)) {
      const [, payload] = readVarint(page.bytes, isInterior ? at + 4 : at);
      const order = compare(readRecord(page.bytes, payload), wanted);
      if (order === 0) return true;
      if (order > 0) return isInterior && this.search(page.bytes.readUInt32BE(at), wanted, depth + 1);
    }
    return isInterior && this.search(page.bytes.readUInt32BE(page.header + 8), wanted, depth + 1);
  }

  private page(number: number): Page {
    const bytes = Buffer.alloc(this.pageSize);
    readSync(this.fd, bytes, 0, this.pageSize, (number - 1) * this.pageSize);
    const header = number === 1 ? 100 : 0;
    return { bytes, header, type: bytes[header]!, cellCount: bytes.readUInt16BE(header + 3) };
  }
}

function* cellsOf(page: Page): Generator<number, void> {
  const first = page.header + (page.type === 0x05 || page.type === 0x02 ? 12 : 8);
  for (let i = 0; i < page.cellCount; i++) yield page.bytes.readUInt16BE(first + 2 * i);
}

type Value = Buffer | number | null;

function readRecord(bytes: Buffer, start: number): Value[] {
  const [headerSize, firstType] = readVarint(bytes, start);
  const values: Value[] = [];
  let at = start + headerSize;
  for (let typeAt = firstType; typeAt < start + headerSize;) {
    const [type, next] = readVarint(bytes, typeAt);
    typeAt = next;
    const size = sizeOf(type);
    if (type >= 12) values.push(bytes.subarray(at, at + size));
    else if (type >= 1 && type <= 6 && size <= 6) values.push(bytes.readIntBE(at, size));
    else values.push(type === 8 ? 0 : type === 9 ? 1 : null);
    at += size;
  }
  return values;
}

function sizeOf(type: number): number {
  if (type >= 12) return (type - (type % 2 === 0 ? 12 : 13)) / 2;
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type] ?? 0;
}

function compare(record: readonly Value[], wanted: readonly Buffer[]): number {
  for (const [i, text] of wanted.entries()) {
    const value = record[i];
    // NULL and numbers come before text.
    const order = Buffer.isBuffer(value) ? Buffer.compare(value, text) : -1;
    if (order !== 0) return order;
  }
  return 0;
}

function isText(value: Value | undefined, text: string): boolean {
  return Buffer.isBuffer(value) && value.toString('utf8') === text;
}

function readVarint(bytes: Buffer, at: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at + i] ?? 0;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, at + i + 1];
  }
  return [value * 256 + (bytes[at + 8] ?? 0), at + 9];
}
