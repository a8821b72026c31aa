import { isJsonObject } from '../json-object.ts';

/** The first line of what the child process answers. */
export type ConvertHead =
  | { readonly status: 'ok'; readonly formats: Formats }
  | {
      readonly status: 'ok';
      readonly mimetype: string;
      readonly fileName: string;
      readonly isArchive: boolean;
      readonly length: number;
    }
  | { readonly status: 'missing' | 'unknownFormat' | 'badRequest' | 'failed'; readonly message: string };

/** Exporter → what it makes, as `GET /api/nbconvert` answers. */
export type Formats = Readonly<Record<string, { readonly output_mimetype: string | null }>>;

const failures = ['missing', 'unknownFormat', 'badRequest', 'failed'] as const;

/** Undefined for a line that is none of ours: the interpreter was none, or something else wrote to the descriptor. */
export function parseHead(line: string): ConvertHead | undefined {
  let head: unknown;
  try {
    head = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(head)) return undefined;
  const { status, formats, mimetype, fileName, isArchive, length, message } = head;
  const failure = failures.find((each) => each === status);
  if (failure !== undefined) return { status: failure, message: String(message) };
  if (status !== 'ok') return undefined;
  if (isJsonObject(formats)) return { status, formats: formats as Formats };
  if (typeof mimetype !== 'string' || typeof fileName !== 'string' || typeof length !== 'number')
    return undefined;
  return { status, mimetype, fileName, isArchive: isArchive === true, length };
}
