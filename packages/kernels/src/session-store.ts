import { Type, type Static } from 'typebox';
import type { Log } from './log.ts';
import { readVersionedFile, removeLeftovers, writeVersionedFile } from './versioned-file.ts';

/** What is kept of a session. */
export const SessionRecord = Type.Object({
  id: Type.String(),
  path: Type.String(),
  name: Type.String(),
  type: Type.String(),
  kernelId: Type.String(),
  /** Whose it is. Missing in files of before there were users: then its kernel's. */
  username: Type.Optional(Type.String()),
});
export type SessionRecord = Static<typeof SessionRecord>;

/** Where a server's sessions are kept. */
export interface SessionStore {
  load(): Promise<readonly SessionRecord[]>;
  /** Resolves once `load` of another process would find these, or newer ones. */
  save(sessions: readonly SessionRecord[]): Promise<void>;
}

const version = 1;

/** Keeps sessions in one file. */
export class FileSessionStore implements SessionStore {
  readonly #path: string;
  readonly #log: Log;
  #newest: readonly SessionRecord[] = [];
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  async load(): Promise<readonly SessionRecord[]> {
    const schema = Type.Array(SessionRecord);
    await removeLeftovers(this.#path, this.#log);
    return (await readVersionedFile(this.#path, { schema, version, log: this.#log })) ?? [];
  }

  save(sessions: readonly SessionRecord[]): Promise<void> {
    this.#newest = sessions;
    if (!this.#writing) return this.#write();
    this.#next ??= this.#writing.catch(() => {}).then(() => this.#write());
    return this.#next;
  }

  #write(): Promise<void> {
    this.#next = undefined;
    this.#writing = writeVersionedFile(this.#path, version, this.#newest).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }
}
