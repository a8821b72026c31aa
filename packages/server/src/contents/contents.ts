/** What `GET /api/contents/{path}` says of an entry. Keys and values are Jupyter's. */
export interface ContentsModel {
  name: string;
  /** From the root, without a slash at either end; the root itself is ''. */
  path: string;
  type: 'notebook' | 'file' | 'directory';
  writable: boolean;
  created: string;
  last_modified: string;
  mimetype: string | null;
  size: number | null;
  content: unknown;
  format: 'json' | 'text' | 'base64' | null;
  hash: string | null;
  hash_algorithm: string | null;
  /** Why a notebook is not valid. */
  message?: string;
}

/** A model already written as JSON, because its content may be large, with what a response's headers need of it. */
export interface RenderedModel {
  readonly json: Buffer;
  readonly path: string;
  readonly type: ContentsModel['type'];
  readonly lastModifiedMs: number;
}

export interface GetOptions {
  readonly type?: ContentsModel['type'] | undefined;
  readonly format?: 'text' | 'base64' | undefined;
  readonly content: boolean;
  readonly hash: boolean;
}

export interface Checkpoint {
  readonly id: string;
  readonly last_modified: string;
}

/**
 * Where notebooks and files are kept. Paths are API paths: relative to a root, parted by `/`; slashes at the ends and
 * doubled ones mean nothing.
 *
 * Every method rejects with a ServerError for what the caller could do better: NOT_FOUND for what is not there, is
 * hidden or is outside the root; BAD_REQUEST for a request that cannot mean anything; FORBIDDEN if the
 * storage forbids it; TOO_LARGE, STORAGE_FULL, CONFLICT as their names say. A write that rejects has left
 * the entry as it was before.
 */
export interface Contents {
  /** Reads an entry. A type that does not fit is a BAD_REQUEST with the reason `bad type`, text that is none `bad format`. */
  get(path: string, options: GetOptions): Promise<RenderedModel>;
  /**
   * Saves the model in `body` (JSON bytes, taken over by this call) at `path`, creating it if it is not there; the directory
   * must be. `created` says which. A model with `chunk` is one part of an upload: nothing changes at `path`
   * until the last part (-1) has come, then everything does at once.
   */
  save(path: string, body: BodyBlocks): Promise<RenderedModel & { readonly created: boolean }>;
  /** Creates an empty entry with a name nobody has yet. */
  createUntitled(
    directory: string,
    options: { type?: ContentsModel['type'] | undefined; ext?: string | undefined },
  ): Promise<RenderedModel>;
  /** Copies into a directory under a new name, or to a path that is not a directory. */
  copy(from: string, to: string): Promise<RenderedModel>;
  /** Moves an entry with its checkpoints. Never replaces another one: that is a CONFLICT. */
  rename(from: string, to: string): Promise<RenderedModel>;
  delete(path: string): Promise<void>;
  isFile(path: string): Promise<boolean>;
  listCheckpoints(path: string): Promise<Checkpoint[]>;
  createCheckpoint(path: string): Promise<Checkpoint>;
  restoreCheckpoint(path: string, id: string): Promise<void>;
  deleteCheckpoint(path: string, id: string): Promise<void>;
  /** Marks a notebook's present outputs as made by its user. */
  trust(path: string): Promise<void>;
}

/** A request's body as it came, in blocks that nobody else holds. */
export interface BodyBlocks {
  readonly blocks: readonly ArrayBuffer[];
  readonly length: number;
}
