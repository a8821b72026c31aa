import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { KernelError } from '../kernel-error.ts';
import type {
  Capacity,
  EndedKernel,
  Exit,
  FoundKernel,
  LaunchContext,
  LaunchRequest,
  PlaceNews,
  ProvisionedHandle,
  ProvisionedKernel,
  Provisioner,
} from '../provisioner.ts';

/**
 * A place for the tests of a kernel's life: runs a kernelspec's argv as a child process of this one, and remembers its
 * children across registries as an operating system does. Its kernels listen nowhere.
 */
export class ChildProvisioner implements Provisioner {
  readonly name = 'child';
  readonly launched: LaunchRequest[] = [];
  /** Awaited by each launch; a test holds it to see a kernel in `launching`. */
  gate: Promise<void> = Promise.resolve();
  onLaunch: (request: LaunchRequest) => Promise<void> = () => Promise.resolve();
  readonly #children = new Map<string, ProvisionedChild>();
  /** It cannot be asked for its kernels so many times more. */
  silences = 0;
  /** What it remembers of its kernels, as a cluster does: a test turns this on. */
  remembers = false;

  room: Capacity = { memoryBytes: 2 ** 30, cpus: 1 };

  capacity(): Promise<Capacity> {
    return Promise.resolve(this.room);
  }

  async launch(request: LaunchRequest, context: LaunchContext): Promise<ProvisionedKernel> {
    this.launched.push(request);
    context.report('starting', 'Starting a process.');
    await this.onLaunch(request);
    await Promise.race([this.gate, aborted(context.signal)]);
    const [command = '', ...args] = request.kernelspec.spec.argv;
    const child = spawn(command, args, { cwd: request.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      await Promise.race([
        once(child, 'spawn'),
        once(child, 'error').then(([error]) => Promise.reject(error as Error)),
      ]);
    } catch (error) {
      throw new KernelError('KERNEL_LAUNCH_FAILED', `${command} cannot be started: no such file`, {
        cause: error,
      });
    }
    const provisioned = new ProvisionedChild(request.kernelId, child);
    // So that a signal of a test finds its handlers installed.
    await Promise.race([once(child.stdout, 'data'), provisioned.exited]);
    this.#children.set(request.kernelId, provisioned);
    return provisioned;
  }

  async adopt(handle: ProvisionedHandle): Promise<ProvisionedKernel | EndedKernel | undefined> {
    this.#beSilent();
    const child = this.#children.get(handle['kernelId'] as string);
    return child && !child.isRunning ? { ended: await child.exited } : child;
  }

  async find(): Promise<readonly FoundKernel[]> {
    this.#beSilent();
    const remembered = this.remembers ? this.launched : [];
    return remembered.map(({ kernelspec, ...launch }) => ({
      handle: { provisioner: this.name, kernelId: launch.kernelId },
      launch: { ...launch, kernelspec: kernelspec.name },
      launchedAt: this.launched.length,
      isLaunched: this.#children.has(launch.kernelId),
    }));
  }

  #beSilent(): void {
    if (this.silences === 0) return;
    this.silences -= 1;
    throw new Error('it does not answer');
  }

  pidOf(kernelId: string): number {
    return this.#children.get(kernelId)!.pid;
  }

  /** Out of reach, or within it again. */
  tell(kernelId: string, news: PlaceNews): void {
    this.#children.get(kernelId)!.tell(news);
  }

  async destroyAll(): Promise<void> {
    await Promise.all([...this.#children.values()].map((child) => child.destroy(0)));
  }
}

class ProvisionedChild implements ProvisionedKernel {
  readonly handle: ProvisionedHandle;
  readonly connection = {
    transport: 'tcp',
    ip: '127.0.0.1',
    shell_port: 1,
    iopub_port: 1,
    stdin_port: 1,
    control_port: 1,
    hb_port: 1,
    key: '',
    signature_scheme: 'hmac-sha256',
  } as const;
  readonly exited: Promise<Exit>;
  isRunning = true;
  readonly #child: ChildProcess;

  constructor(kernelId: string, child: ChildProcess) {
    this.handle = { provisioner: 'child', kernelId };
    this.#child = child;
    const lines: string[] = [];
    child.stderr!.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trimEnd().split('\n')));
    this.exited = once(child, 'close').then(([code, signal]: unknown[]) => {
      this.isRunning = false;
      return {
        reason: 'exited',
        ...(typeof code === 'number' ? { code } : {}),
        ...(typeof signal === 'string' ? { signal: signal as NodeJS.Signals } : {}),
        message:
          typeof signal === 'string' ? `killed by signal ${signal}` : `exited with code ${String(code)}`,
        lastLines: lines,
      };
    });
  }

  /** The test says when the place is out of reach. */
  tell: (news: PlaceNews) => void = () => {};
  watchPlace(listener: (news: PlaceNews) => void): void {
    this.tell = listener;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  interrupt(): Promise<void> {
    this.#child.kill('SIGINT');
    return Promise.resolve();
  }

  async destroy(graceMs: number): Promise<void> {
    if (graceMs > 0) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(timer);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(new KernelError('KERNEL_LAUNCH_FAILED', 'the start was called off'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
}
