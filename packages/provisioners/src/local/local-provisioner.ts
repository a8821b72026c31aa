import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  identify,
  isAlive,
  isOfThisBoot,
  KernelError,
  kernelCommand,
  type Capacity,
  type EndedKernel,
  type Exit,
  type Kernelspec,
  type LaunchContext,
  type LaunchRequest,
  type Log,
  type ProvisionedHandle,
  type ProvisionedKernel,
  type Provisioner,
} from '@perijove/kernels';
import type { ConnectionInfo } from '@perijove/protocol';
import { accountEnvironment, asAccount, type Account } from './accounts/account.ts';
import type { KernelAccounts } from './accounts/kernel-accounts.ts';
import { newKey, readConnectionFile, writeConnectionFile } from './connection-file.ts';
import { findSupervisor, recordOfSupervisor } from './find-supervisor.ts';
import { FreePorts } from './free-ports.ts';
import { inheritedEnvironment } from './kernel-environment.ts';
import { kernelExit } from './kernel-exit.ts';
import { boundLog, lastLines } from './kernel-log.ts';
import { checkCwd, failure, findProgram } from './launch-checks.ts';
import { asLocalHandle, type LocalHandle } from './local-handle.ts';
import { killSession, removeFiles, type KernelFiles } from './kernel-remains.ts';
import { lineCount, LocalKernel, type LocalKernelOptions } from './local-kernel.ts';
import { availableMemory } from './limits/available-memory.ts';
import { readProcFiles } from './limits/cgroup-place.ts';
import type { Confinement } from './limits/confinement.ts';
import { Limits, type LimitsInForce, type LimitsMode } from './limits/limits.ts';
import { MemoryPressure } from './limits/memory-pressure.ts';
import { lowMemoryBytes, machineCapacity, machineSize } from './machine-capacity.ts';
import type { KernelShare } from './options.ts';
import { OomKills } from './oom-kills.ts';
import { readOutOfMemoryMark, readRecordedEnd, superviseCommand } from './supervising-shell.ts';

export interface LocalProvisionerOptions {
  /** Where connection files go: Jupyter's runtime folder, so that other tools find the kernels. */
  readonly runtimeDir: string;
  /** Where logs and exit files go. */
  readonly stateDir: string;
  /** What kernels inherit, but for the server's own secrets. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly log: Log;
  /** Names of variables that kernels inherit besides those that every program needs (`AWS_*` stands for several). */
  readonly inheritedVariables?: readonly string[];
  readonly python?: string | undefined;
  /** Kernels run as these accounts, each user's as another one. Absent: as the server does. */
  readonly accounts?: KernelAccounts | undefined;
  readonly transport?: 'tcp' | 'ipc';
  readonly ip?: string;
  /** A kernel's log that grows larger is cut down to its end. */
  readonly logLimitBytes?: number;
  /** How often logs, and the system's count of processes killed for want of memory, are looked at. */
  readonly watchIntervalMs?: number;
  /** Where that count is; absent: where this system has it. */
  readonly oomCounterFile?: string;
  /** What of the machine kernels may have in all; absent: all but the reserve. */
  readonly share?: KernelShare;
  /** How kernels are kept within their limits; absent: in the best way that there is here. */
  readonly limits?: LimitsMode;
  /** How often a guard, if there is no cgroup, looks at how much kernels use when it matters. */
  readonly guardIntervalMs?: number;
  /** How often kernels' cgroups are looked at for a part of one that was killed. */
  readonly cgroupIntervalMs?: number;
  /** How often the memory that is left is looked at. */
  readonly pressureIntervalMs?: number;
  /** How often a kernel that is not our child is looked at. */
  readonly pollIntervalMs?: number;
}

/**
 * Starts kernels on this machine, each in a process group and session of its own, where they outlive the server. They get
 * the environment of the server without its secrets, no standard input, and a log file for what they write to the
 * terminal. Linux and macOS only.
 */
export function localProvisioner(options: LocalProvisionerOptions): MachineProvisioner {
  return new LocalProvisioner(options);
}

/** This machine as a place where kernels run. */
export interface MachineProvisioner extends Provisioner {
  /** How kernels are kept within their limits. Rejects with what is missing for the way that was asked for. */
  limits(): Promise<LimitsInForce>;
}

interface Launching extends KernelFiles {
  readonly connection: ConnectionInfo;
  readonly account: Account | undefined;
  readonly confinement: Confinement;
}

class LocalProvisioner implements MachineProvisioner {
  readonly name = 'local';
  readonly #options: LocalProvisionerOptions;
  readonly #ports = new FreePorts();
  readonly #kernels = new Set<LocalKernel>();
  readonly #oomKills: OomKills;
  readonly #limits: Limits;
  readonly #pressure: MemoryPressure;
  readonly #procFiles = readProcFiles();
  #watch: NodeJS.Timeout | undefined;

  constructor(options: LocalProvisionerOptions) {
    this.#options = options;
    this.#oomKills = new OomKills(options.oomCounterFile);
    const { limits: mode = 'auto', guardIntervalMs = 100, cgroupIntervalMs = 500, log } = options;
    const { memoryBytes } = machineCapacity(machineSize(), options.share);
    const group = {
      name: `perijove-kernels-${shortHash(`${options.stateDir} ${memoryBytes}`)}`,
      memoryBytes,
    };
    this.#limits = new Limits({ mode, guardIntervalMs, cgroupIntervalMs, group, log });
    this.#pressure = new MemoryPressure({
      lowBytes: mode === 'off' ? 0 : lowMemoryBytes(machineSize(), options.share),
      intervalMs: options.pressureIntervalMs ?? 250,
      kernels: () => this.#kernels,
      available: async () =>
        lowest(await availableMemory(await this.#procFiles), await this.#limits.available()),
      onError: (error) => log.warn({ err: error }, 'the memory that is left cannot be looked at'),
    });
  }

  async capacity(): Promise<Capacity> {
    return machineCapacity(machineSize(), this.#options.share);
  }

  limits(): Promise<LimitsInForce> {
    return this.#limits.inForce();
  }

  async launch(request: LaunchRequest, context: LaunchContext): Promise<ProvisionedKernel> {
    try {
      return await this.#launch(request, context);
    } catch (error) {
      if (error instanceof KernelError) throw error;
      throw failure(request.kernelspec, error instanceof Error ? error.message : String(error), error);
    }
  }

  async #launch(request: LaunchRequest, context: LaunchContext): Promise<LocalKernel> {
    const { kernelspec, kernelId } = request;
    const own = this.#filesOf(kernelId);
    if (!own) throw failure(kernelspec, `${kernelId} cannot be part of a file's name`);
    await checkCwd(kernelspec, request.cwd);
    const account = await this.#options.accounts?.of(request.username);
    const files = account
      ? { ...own, accountFile: posix.join(account.folder, 'run', posix.basename(own.connectionFile)) }
      : own;
    const inherited = inheritedEnvironment(this.#options.env, this.#options.inheritedVariables);
    const command = await kernelCommand(kernelspec, {
      kernelId,
      connectionFile: 'accountFile' in files ? files.accountFile : files.connectionFile,
      cwd: request.cwd,
      home: account?.home ?? this.#options.home,
      python: this.#options.python,
      env: { ...(account ? accountEnvironment(account, inherited) : inherited), ...request.env },
      overrides: request.env,
    });
    const [name, ...args] = command.argv;
    const program = [await findProgram(kernelspec, name, request.cwd, command.env['PATH']), ...args];
    const argv = account ? asAccount(account, program) : program;
    throwIfAborted(request, context);
    context.report('starting', `Starting ${kernelspec.spec.display_name}`, program.join(' '));

    const connection = await this.#chooseConnection(request, account);
    let confinement: Confinement | undefined;
    try {
      confinement = await this.#limits.confine(confinementName(files), request.resources);
      const launching = { ...files, connection, confinement, account };
      const kernel = await this.#start(request, launching, argv, command.env);
      if (context.signal.aborted) await kernel.destroy(0);
      throwIfAborted(request, context);
      return kernel;
    } catch (error) {
      this.#releasePorts(connection);
      await confinement?.remove();
      await removeFiles(files, connection);
      throw error;
    }
  }

  async adopt(handle: ProvisionedHandle): Promise<ProvisionedKernel | EndedKernel | undefined> {
    const { kernelId } = handle;
    const known = asLocalHandle(handle);
    if (known) return this.#find(known);
    const files = typeof kernelId === 'string' ? this.#filesOf(kernelId) : undefined;
    if (handle.provisioner !== this.name || !files) return undefined;
    const shell = await findSupervisor(files.exitFile);
    if (shell) {
      const confinement = await recordOfSupervisor(shell, files.exitFile);
      return this.#find({
        ...shell,
        provisioner: 'local',
        ...files,
        resources: {},
        ...(confinement ? { confinement } : {}),
      });
    }
    const confinement = await this.#limits.recall(undefined, confinementName(files), {});
    const ended = await howItEnded(files, confinement);
    await confinement.remove();
    await removeFiles(files, await readConnectionFile(files.connectionFile));
    const copies = await this.#options.accounts?.connectionFilesOf(kernelId as string);
    await Promise.all((copies ?? []).map((file) => rm(file, { force: true })));
    return ended && { ended };
  }

  async #find(known: LocalHandle): Promise<ProvisionedKernel | EndedKernel> {
    const connection = await readConnectionFile(known.connectionFile);
    const isThere = await isAlive(known);
    const confinement = await this.#limits.recall(known.confinement, confinementName(known), known.resources);
    if (isThere && connection) {
      return this.#keep({ handle: known, connection, confinement, ended: this.#pollEnd(known) });
    }
    const ended = (await howItEnded(known, confinement)) ?? (await traceless(known, isThere));
    await killSession(known);
    await confinement.remove();
    await removeFiles(known, connection);
    return { ended };
  }

  /** Where a kernel's files are; undefined for an id that cannot be part of a file's name. */
  #filesOf(kernelId: string): KernelFiles | undefined {
    if (!/^[\w.-]+$/.test(kernelId)) return undefined;
    const { runtimeDir, stateDir } = this.#options;
    return {
      connectionFile: posix.join(runtimeDir, `kernel-${kernelId}.json`),
      logFile: posix.join(stateDir, `kernel-${kernelId}.log`),
      outputFile: posix.join(stateDir, `kernel-${kernelId}.out`),
      exitFile: posix.join(stateDir, `kernel-${kernelId}.exit`),
    };
  }

  async #chooseConnection(
    { kernelId, kernelspec, env }: LaunchRequest,
    account: Account | undefined,
  ): Promise<ConnectionInfo> {
    const transport = account ? accountTransport(kernelspec) : (this.#options.transport ?? 'tcp');
    const ip =
      transport === 'tcp'
        ? (this.#options.ip ?? '127.0.0.1')
        : account
          ? posix.join(account.folder, 'sockets', kernelId)
          : posix.join(this.#options.runtimeDir, `kernel-${kernelId}-ipc`);
    // sockaddr_un has room for 104 bytes on macOS, 108 on Linux, one of them for the end.
    if (transport === 'ipc' && Buffer.byteLength(ip) + 2 > 103) {
      throw failure(
        kernelspec,
        `the path ${ip} is too long for a UNIX socket; choose a shorter runtime folder, or tcp`,
      );
    }
    const [shell = 1, iopub = 2, stdin = 3, control = 4, hb = 5] =
      transport === 'tcp' ? await this.#ports.take(5, ip) : [];
    const session = env['JPY_SESSION_NAME'];
    return {
      transport,
      ip,
      shell_port: shell,
      iopub_port: iopub,
      stdin_port: stdin,
      control_port: control,
      hb_port: hb,
      key: newKey(),
      signature_scheme: 'hmac-sha256',
      kernel_name: kernelspec.name,
      ...(session === undefined ? {} : { jupyter_session: session }),
    };
  }

  async #start(
    request: LaunchRequest,
    { connection, confinement, account, ...files }: Launching,
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<LocalKernel> {
    await mkdir(this.#options.stateDir, { recursive: true, mode: 0o700 });
    await writeConnectionFile(files.connectionFile, connection);
    if (files.accountFile !== undefined) await writeConnectionFile(files.accountFile, connection, account);
    const opened: FileHandle[] = [];
    try {
      // Opened for appending: what cuts the log down must not make the kernel write beyond its end.
      for (const file of [files.outputFile, files.exitFile, files.logFile]) {
        await rm(file, { force: true });
        opened.push(await open(file, 'ax', 0o600));
      }
      const [output, exit, log] = opened.map(({ fd }) => fd);
      const [shell, ...args] = superviseCommand(argv, files.exitFile, confinement.entrances);
      const child = spawn(shell, args, {
        cwd: request.cwd,
        env,
        detached: true,
        stdio: ['ignore', output, exit, log],
      });
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      await once(child, 'spawn');
      child.unref();
      const pid = child.pid;
      if (pid === undefined) throw new TypeError('a process was started that has no number');
      const identity = await identify(pid);
      const handle: LocalHandle = {
        provisioner: 'local',
        pid,
        // Already over: no process will ever be mistaken for it.
        startedAt: identity?.startedAt ?? 'ended at once',
        ...files,
        resources: { ...request.resources },
        ...(request.requests ? { requests: { ...request.requests } } : {}),
        confinement: confinement.record,
      };
      return this.#keep({ handle, connection, confinement, ended });
    } finally {
      for (const file of opened) await file.close();
    }
  }

  #keep(found: Pick<LocalKernelOptions, 'handle' | 'connection' | 'confinement' | 'ended'>): LocalKernel {
    const kernel: LocalKernel = new LocalKernel({
      ...found,
      wasOutOfMemory: () => this.#oomKills.take(),
      onGone: () => {
        this.#kernels.delete(kernel);
        if (this.#kernels.size === 0) this.#pressure.stop();
        this.#releasePorts(found.connection);
      },
    });
    this.#kernels.add(kernel);
    this.#pressure.start();
    if (this.#watch === undefined) void this.#oomKills.start();
    this.#watchAll();
    return kernel;
  }

  #releasePorts(connection: ConnectionInfo): void {
    const { shell_port, iopub_port, stdin_port, control_port, hb_port } = connection;
    this.#ports.release([shell_port, iopub_port, stdin_port, control_port, hb_port]);
  }

  async #pollEnd(handle: LocalHandle): Promise<void> {
    const { pollIntervalMs = 500 } = this.#options;
    // Nothing that watches a kernel keeps the server's process from ending: the kernel goes on without it.
    while (await isAlive(handle)) await delay(pollIntervalMs, undefined, { ref: false });
  }

  #watchAll(): void {
    const { watchIntervalMs = 2000, logLimitBytes = 4 * 1024 * 1024, log } = this.#options;
    this.#watch ??= setInterval(() => {
      if (this.#kernels.size === 0) {
        clearInterval(this.#watch);
        this.#watch = undefined;
      }
      void this.#oomKills.sample();
      for (const file of [...this.#kernels].flatMap(({ handle }) => [handle.logFile, handle.outputFile])) {
        boundLog(file, logLimitBytes).catch((error: unknown) =>
          log.warn({ error, file }, 'the log of a kernel cannot be cut down to its limit'),
        );
      }
    }, watchIntervalMs).unref();
  }
}

/** What the supervising shell wrote down; undefined if it did not live to do so. */
async function howItEnded(
  { logFile, exitFile }: KernelFiles,
  confinement: Confinement,
): Promise<Exit | undefined> {
  const lines = await lastLines(logFile, lineCount).catch(() => []);
  const text = await readFile(exitFile, 'utf8').catch(() => '');
  const recorded = readRecordedEnd(text, lines.at(-1));
  // Whether the system as a whole was out of memory can be asked only at that moment.
  const outOfMemory = readOutOfMemoryMark(text) ?? (await confinement.outOfMemory());
  // The shell may have been ended with the kernel before it wrote anything down; the system knows of the memory all the same.
  if (recorded === undefined && outOfMemory === undefined) return undefined;
  return kernelExit({ recorded, isDestroyed: false, outOfMemory, lastLines: lines });
}

/** The folder of a kernel where folders of all servers of this machine are side by side. */
function confinementName({ exitFile }: KernelFiles): string {
  const id = posix.basename(exitFile, '.exit');
  return `${id}-${shortHash(exitFile)}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function lowest(...known: readonly (number | undefined)[]): number | undefined {
  const numbers = known.filter((one) => one !== undefined);
  return numbers.length > 0 ? Math.min(...numbers) : undefined;
}

/** The end of a kernel of which no end was written down. */
async function traceless(handle: LocalHandle, isThere: boolean): Promise<Exit> {
  const lines = await lastLines(handle.logFile, lineCount).catch(() => []);
  const exit = kernelExit({
    recorded: undefined,
    isDestroyed: false,
    outOfMemory: undefined,
    lastLines: lines,
  });
  if (isThere) {
    return {
      ...exit,
      reason: 'destroyed',
      message: `ended by force, because nobody could reach it without ${handle.connectionFile}, which is gone`,
    };
  }
  return (await isOfThisBoot(handle)) ? exit : { ...exit, message: 'the machine was started anew' };
}

/**
 * Whoever knows a TCP port of a kernel can read what it publishes: nobody is asked for the key there. Sockets in a folder of its
 * account are for kernels that are known to understand them; other languages' build the address of a port from what they are told.
 */
function accountTransport({ spec }: Kernelspec): 'tcp' | 'ipc' {
  return spec.language.toLowerCase() === 'python' ? 'ipc' : 'tcp';
}

function throwIfAborted({ kernelspec }: LaunchRequest, { signal }: LaunchContext): void {
  if (signal.aborted) throw failure(kernelspec, 'the start was cancelled', signal.reason);
}
