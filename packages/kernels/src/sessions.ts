import { randomUUID } from 'node:crypto';
import type { SessionModel } from '@perijove/protocol';
import { KernelError } from './kernel-error.ts';
import type { KernelRegistry } from './kernel-registry.ts';
import type { Kernel } from './kernel.ts';
import type { LifeChannels } from './life-channels.ts';
import type { Log } from './log.ts';
import { sessionNote, sessionsOfNote } from './session-note.ts';
import type { SessionRecord, SessionStore } from './session-store.ts';

/** What a client wants a kernel for: a document, a console, anything that has a path. */
export interface SessionRequest {
  readonly path: string;
  readonly name?: string | undefined;
  readonly type: string;
  readonly kernel: KernelChoice;
}

/** A living kernel by its id, or a new one by the name of its kernelspec; neither: a new one of the default. */
export interface KernelChoice {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

export interface SessionChange {
  readonly path?: string | undefined;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly kernel?: KernelChoice | undefined;
}

/** Where a session's kernel starts. */
export interface SessionPlace {
  readonly cwd: string;
  /** What Jupyter tells a kernel of its session: the document's path in the file system. */
  readonly sessionName: string;
}

export interface SessionsOptions<C extends LifeChannels> {
  readonly registry: KernelRegistry<C>;
  readonly store: SessionStore;
  readonly log: Log;
  /** Where the kernel of a document is to start, by the session's path and name, and its user. */
  readonly placeOf: (path: string, name: string, username: string) => Promise<SessionPlace>;
}

/** Which document has which kernel. A session ends with its kernel. */
export class Sessions<C extends LifeChannels = LifeChannels> {
  readonly #options: SessionsOptions<C>;
  readonly #sessions = new Map<string, SessionRecord>();
  /** Sessions that are being made, by user and path: two requests for one at once get one kernel. */
  readonly #coming = new Map<string, Promise<SessionRecord>>();

  #isAdopted = false;

  constructor(options: SessionsOptions<C>) {
    this.#options = options;
    options.registry.onRemoved((kernelId) => this.#dropSessionsOf(kernelId));
    options.registry.onFound((kernelId, note) => this.#takeFound(kernelId, note));
  }

  /** Takes over the sessions of the former server whose kernels the registry has adopted. */
  async adopt(): Promise<void> {
    for (const record of await this.#options.store.load()) {
      if (this.#options.registry.get(record.kernelId)) this.#sessions.set(record.id, record);
    }
    for (const kernelId of new Set([...this.#sessions.values()].map((session) => session.kernelId)))
      this.#note(kernelId);
    this.#isAdopted = true;
    await this.#save();
  }

  /** Those of the owners that are asked for; of all, unless said. */
  list(isWanted: (owner: string) => boolean = () => true): readonly SessionModel[] {
    return [...this.#sessions.values()].flatMap((record) =>
      isWanted(this.#ownerOf(record)) ? (this.#modelOf(record) ?? []) : [],
    );
  }

  /** Whose a session is; undefined if there is none. */
  ownerOf(id: string): string | undefined {
    const record = this.#sessions.get(id);
    return record && this.#ownerOf(record);
  }

  /** Rejects with SESSION_NOT_FOUND. */
  get(id: string): SessionModel {
    const model = this.#modelOf(this.#require(id));
    if (!model) throw notFound(id);
    return model;
  }

  /**
   * The user's session of a path: the one that there is, or a new one, whose kernel is being started. The kernel that is asked
   * for by id is started under that id if there is none. A session whose kernel is dead gets a new one.
   */
  async create(request: SessionRequest, username: string): Promise<SessionModel> {
    const key = `${username}\0${request.path}`;
    const coming = this.#coming.get(key);
    if (coming) return this.get((await coming).id);
    const existing = [...this.#sessions.values()].find(
      (record) => record.path === request.path && this.#ownerOf(record) === username,
    );
    if (existing && this.#kernelOf(existing)?.isAlive) return this.get(existing.id);
    const making = this.#make(existing?.id ?? randomUUID(), request, username);
    this.#coming.set(key, making);
    try {
      const { id } = await making;
      if (existing) this.#stopUnlessShared(existing.kernelId);
      return this.get(id);
    } finally {
      this.#coming.delete(key);
    }
  }

  /**
   * Renames, or gives it another kernel; the old one is stopped unless another session has it. A kernel that is started for
   * it is its owner's, whoever asks.
   */
  async update(id: string, change: SessionChange): Promise<SessionModel> {
    const before = this.#require(id);
    const username = this.#ownerOf(before);
    const { path = before.path, name = before.name, type = before.type } = change;
    const kernelId = await this.#chooseKernel(before, change, username);
    // Another request may have changed it while the kernel was started.
    if (!this.#sessions.has(id)) throw notFound(id);
    const after: SessionRecord = { ...before, path, name, type, kernelId };
    this.#sessions.set(id, after);
    this.#note(before.kernelId);
    this.#note(kernelId);
    if (after.path !== before.path || after.name !== before.name) {
      const { sessionName } = await this.#options.placeOf(path, name, username);
      this.#kernelOf(after)?.setLaunchEnv({ JPY_SESSION_NAME: sessionName });
    }
    await this.#save();
    if (kernelId !== before.kernelId) this.#stopUnlessShared(before.kernelId);
    return this.get(id);
  }

  /** Ends a session with its kernel. Rejects with SESSION_KERNEL_GONE if that was quicker. */
  async delete(id: string): Promise<void> {
    const { kernelId } = this.#require(id);
    try {
      await this.#options.registry.stop(kernelId);
    } catch (error) {
      if (error instanceof KernelError && error.code === 'KERNEL_NOT_FOUND') {
        throw new KernelError('SESSION_KERNEL_GONE', 'Kernel deleted before session', { cause: error });
      }
      throw error;
    } finally {
      this.#sessions.delete(id);
      this.#note(kernelId);
      await this.#save();
    }
  }

  /** Resolves when all is written. */
  async flush(): Promise<void> {
    await this.#save();
  }

  async #make(
    id: string,
    { path, name = '', type, kernel }: SessionRequest,
    username: string,
  ): Promise<SessionRecord> {
    const kernelId = await this.#startOrFind(kernel, { path, name, username });
    const record: SessionRecord = { id, path, name, type, kernelId, username };
    this.#sessions.set(id, record);
    this.#note(kernelId);
    await this.#save();
    return record;
  }

  async #chooseKernel(before: SessionRecord, { kernel }: SessionChange, username: string): Promise<string> {
    if (kernel?.id !== undefined) return this.#options.registry.require(kernel.id).id;
    if (kernel?.name === undefined) return before.kernelId;
    const { path, name } = before;
    return await this.#startOrFind({ name: kernel.name }, { path, name, username });
  }

  async #startOrFind(
    { id, name: kernelName }: KernelChoice,
    { path, name, username }: { path: string; name: string; username: string },
  ): Promise<string> {
    const { registry, placeOf } = this.#options;
    if (id !== undefined && registry.get(id)?.isAlive) return id;
    const { cwd, sessionName } = await placeOf(path, name, username);
    const kernel = await registry.start({
      ...(id === undefined ? {} : { id }),
      ...(kernelName === undefined ? {} : { name: kernelName }),
      cwd,
      env: { JPY_SESSION_NAME: sessionName },
      username,
    });
    return kernel.id;
  }

  #stopUnlessShared(kernelId: string): void {
    if ([...this.#sessions.values()].some((session) => session.kernelId === kernelId)) return;
    this.#options.registry.stop(kernelId).catch((error: unknown) => {
      // Gone by itself meanwhile, or it will be listed until it is.
      this.#options.log.warn({ err: error, kernelId }, "a session's former kernel could not be stopped");
    });
  }

  /** The kernel's place keeps which sessions have it. */
  #note(kernelId: string): void {
    const having = [...this.#sessions.values()].filter((session) => session.kernelId === kernelId);
    this.#options.registry.get(kernelId)?.keep(sessionNote(having));
  }

  #takeFound(kernelId: string, note: string): void {
    const username = this.#options.registry.get(kernelId)?.record.username ?? '';
    for (const record of sessionsOfNote(note, kernelId, username))
      if (!this.#sessions.has(record.id)) this.#sessions.set(record.id, record);
    // Before that, what is written is not read yet, and `adopt` does both for all.
    if (!this.#isAdopted) return;
    this.#note(kernelId);
    void this.#save();
  }

  #dropSessionsOf(kernelId: string): void {
    let dropped = false;
    for (const [id, session] of this.#sessions) {
      if (session.kernelId === kernelId) dropped = this.#sessions.delete(id);
    }
    if (dropped) void this.#save();
  }

  #require(id: string): SessionRecord {
    const record = this.#sessions.get(id);
    if (!record) throw notFound(id);
    return record;
  }

  #ownerOf(record: SessionRecord): string {
    return record.username ?? this.#kernelOf(record)?.record.username ?? '';
  }

  #kernelOf({ kernelId }: SessionRecord): Kernel<C> | undefined {
    return this.#options.registry.get(kernelId);
  }

  #modelOf(record: SessionRecord): SessionModel | undefined {
    const kernel = this.#kernelOf(record);
    if (!kernel) return undefined;
    const { id, path, name, type } = record;
    return {
      id,
      path,
      name,
      type,
      kernel: kernel.model,
      ...(type === 'notebook' ? { notebook: { path, name } } : {}),
    };
  }

  async #save(): Promise<void> {
    try {
      await this.#options.store.save([...this.#sessions.values()]);
    } catch (error) {
      // A full disk must not keep anybody from working; the next server may not know which kernel is whose.
      this.#options.log.error({ err: error }, 'the sessions cannot be written');
    }
  }
}

function notFound(id: string): KernelError {
  return new KernelError('SESSION_NOT_FOUND', `Session not found: session_id='${id}'`);
}
