import { ContentsFailure } from './contents-failure.ts';

/** Turns what the operating system says into what a client can act on; anything unknown stays what it was. */
export function diskError(error: unknown, path: string): unknown {
  if (error instanceof ContentsFailure) return error;
  const options = { cause: error };
  switch ((error as NodeJS.ErrnoException | null)?.code) {
    case 'EACCES':
    case 'EPERM':
      return new ContentsFailure('FORBIDDEN', `Permission denied: ${path}`, options);
    case 'EROFS':
      return new ContentsFailure('FORBIDDEN', `The disk is read-only: ${path}`, options);
    case 'ENOENT':
    case 'ENOTDIR':
      return new ContentsFailure('NOT_FOUND', `No such file or directory: ${path}`, options);
    case 'ENAMETOOLONG':
      return new ContentsFailure(
        'BAD_REQUEST',
        `The name is too long for this disk: ${shortened(path)}`,
        options,
      );
    case 'ELOOP':
      return new ContentsFailure('BAD_REQUEST', `The links of this path lead in a circle: ${path}`, options);
    case 'EINVAL':
    case 'EILSEQ':
      return new ContentsFailure('BAD_REQUEST', `This disk cannot store such a name: ${path}`, options);
    case 'EISDIR':
      return new ContentsFailure('BAD_REQUEST', `${path} is a directory`, options);
    case 'ENOTEMPTY':
      return new ContentsFailure('BAD_REQUEST', `Directory ${path} not empty`, options);
    case 'EEXIST':
      return new ContentsFailure('CONFLICT', `File already exists: ${path}`, options);
    case 'ENOSPC':
    case 'EDQUOT':
      return new ContentsFailure('STORAGE_FULL', `The disk is full; ${path} is as it was before`, options);
    case 'EFBIG':
      return new ContentsFailure(
        'STORAGE_FULL',
        `The file is too large for this disk; ${path} is as it was`,
        options,
      );
    case 'EMFILE':
    case 'ENFILE':
      return new ContentsFailure('UNAVAILABLE', 'The server has too many files open; try again', options);
    default:
      return error;
  }
}

function shortened(path: string): string {
  return path.length > 120 ? `${path.slice(0, 117)}...` : path;
}
