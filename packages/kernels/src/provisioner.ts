import type { KernelspecFile } from '@perijove/protocol';
import type { KernelConnection } from './channels/kernel-link.ts';

/** What a kernel is to be started with. Everything in it was decided by the server; nothing comes from a client unchecked. */
export interface LaunchRequest {
  readonly kernelId: string;
  readonly kernelspec: Kernelspec;
  /** Absolute path of the working directory. */
  readonly cwd: string;
  /** What the kernel's environment has beyond the kernelspec's `env`: `JPY_SESSION_NAME`, allowed `KERNEL_*`. */
  readonly env: Readonly<Record<string, string>>;
  readonly username: string;
  /** At most. */
  readonly resources: Resources;
  /** What is kept for it; absent: as much as it may use. */
  readonly requests?: Resources;
}

/** A kernelspec as found on disk: its name, where it lies, and what `kernel.json` says. */
export interface Kernelspec {
  readonly name: string;
  /** Absolute path of its folder: `{resource_dir}` in argv, logos, kernel.js. */
  readonly resourceDir: string;
  readonly spec: KernelspecFile;
}

/** What a kernel may use at most. Memory in bytes, processors in cores. Absent: no limit. */
export interface Resources {
  readonly memoryBytes?: number;
  readonly cpus?: number;
}

export type LaunchPhase = 'scheduling' | 'pulling' | 'starting' | 'connecting';

export interface LaunchContext {
  /** Aborting counts as a failure: `launch` rejects, and whatever it had created is gone. */
  readonly signal: AbortSignal;
  /** Tells people what is going on: a plain sentence, and the raw cause behind it if there is one. */
  report(phase: LaunchPhase, message: string, detail?: string): void;
}

/** JSON that is enough to find the kernel again from another process. Holds no secrets but by reference (a file's path). */
export interface ProvisionedHandle {
  readonly provisioner: string;
  readonly [key: string]: unknown;
}

/** How and why a kernel ended. `code` and `signal` where the place knows them. */
export interface Exit {
  readonly reason:
    | 'exited'
    | 'outOfMemory'
    | 'evicted'
    | 'nodeLost'
    | 'imageUnavailable'
    | 'destroyed'
    | 'unknown';
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
  /** A sentence for people: "killed by signal SIGSEGV". */
  readonly message: string;
  /** The last lines that the kernel wrote to its standard error, oldest first; not its output to the notebook. */
  readonly lastLines?: readonly string[];
  /** Its place has started it again as often as it may: nobody else is to. */
  readonly isFinal?: boolean;
}

/** What all kernels of one place may have together. */
export interface Capacity {
  readonly memoryBytes: number;
  readonly cpus: number;
}

/** One machine of a place. */
export interface MachineCapacity {
  readonly name: string;
  readonly capacity: Capacity;
}

/** A kernel that had ended before somebody looked for it again; nothing of it is left. */
export interface EndedKernel {
  readonly ended: Exit;
}

/** A kernel as its place remembers it, for a server that has no record of it. */
export interface FoundKernel {
  readonly handle: ProvisionedHandle;
  /** What it was launched with. */
  readonly launch: Omit<LaunchRequest, 'kernelspec'> & { readonly kernelspec: string };
  /** When, milliseconds since the epoch. */
  readonly launchedAt: number;
  /** Its launch was over; else the server that made it ended in the midst of that. */
  readonly isLaunched: boolean;
  /** What was last kept with it. */
  readonly note?: string | undefined;
}

/** A place where kernels run: this machine, a Kubernetes namespace, another gateway. */
export interface Provisioner {
  readonly name: string;
  /** How long a start may take there, where that is not what it is on a machine: a node may have to be bought, an image pulled. */
  readonly launchTimeoutMs?: number;
  /** What all kernels here may have together, whatever happens to be free. */
  capacity(): Promise<Capacity>;
  /**
   * Starts a kernel there. Resolves once it is known where the kernel listens (it need not answer yet);
   * rejects with KERNEL_LAUNCH_FAILED, having removed whatever it had created. Aborting counts as a failure.
   */
  launch(request: LaunchRequest, context: LaunchContext): Promise<ProvisionedKernel>;
  /**
   * Finds a kernel that an earlier process launched. If it has ended: how, as far as that was kept there; undefined if
   * nothing is known of it. In both cases nothing of it is left behind when this resolves. A process that ended between
   * `launch` and writing down the handle leaves only `{provisioner, kernelId}`: that finds, or removes, what there is under
   * this id, so that a new launch never runs beside a former one.
   */
  adopt(handle: ProvisionedHandle): Promise<ProvisionedKernel | EndedKernel | undefined>;
  /**
   * All kernels that this server, or a former one in its stead, has launched here, where the place itself remembers them. Absent:
   * a server's own records are all that is known.
   */
  find?(): Promise<readonly FoundKernel[]>;
  /** The machines that kernels run on here, with what all kernels may have on each; those that it may not see are left out. */
  machines?(): Promise<readonly MachineCapacity[]>;
  /** Lets go of whatever it looks after its kernels with. They live on. */
  close?(): void;
}

/** What a kernel uses, all its processes together. */
export interface Usage {
  /** In memory, without what the system could drop at once. */
  readonly memoryBytes: number;
  readonly memoryLimitBytes?: number;
  /** Since its start: two readings tell how much it uses. */
  readonly cpuSeconds: number;
  /** At most. */
  readonly cpus?: number;
}

export type PlaceNews = { readonly type: 'lost'; readonly message: string } | { readonly type: 'found' };

export interface ProvisionedKernel {
  readonly handle: ProvisionedHandle;
  readonly connection: KernelConnection;
  /** Resolves when the kernel has ended, and says why. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Interrupts by signal, the whole process group. For `interrupt_mode: message` the registry asks on the control channel instead. */
  interrupt(): Promise<void>;
  /**
   * Ends the kernel: politely (SIGTERM) and after `graceMs` by force; 0 means at once by force. Resolves when all of it is
   * gone, files too. May be repeated, and called on one that has ended.
   */
  destroy(graceMs: number): Promise<void>;
  /** One reading, cheap enough for every few seconds. Undefined: it has ended. */
  usage?(): Promise<Usage | undefined>;
  /**
   * Asks the kernel to end, in its place's own polite way; `exited` says when it has. Absent: it is interrupted, and asked on its
   * control channel. With `restart` a launch under the same id follows.
   */
  requestShutdown?(restart: boolean): Promise<void>;
  /** Calls back when its place cannot be asked any more, and when it can again. Nothing is known to have ended meanwhile. */
  watchPlace?(listener: (news: PlaceNews) => void): void;
  /**
   * Keeps this text with the kernel, for a server without records that finds it; the last one counts. A place that does not answer
   * gets it later. Absent: nobody finds a kernel of this place but by records.
   */
  keep?(note: string): Promise<void>;
  /** The last lines of its log, oldest first. */
  logs?(): Promise<readonly string[]>;
}
