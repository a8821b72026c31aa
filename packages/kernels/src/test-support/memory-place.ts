import { KernelError } from '../kernel-error.ts';
import type { KernelRecord } from '../kernel-record.ts';
import type { KernelStore } from '../kernel-store.ts';
import type {
  Capacity,
  EndedKernel,
  Exit,
  LaunchContext,
  LaunchRequest,
  ProvisionedHandle,
  ProvisionedKernel,
  Provisioner,
} from '../provisioner.ts';

/** One process of a server: `isAlive` is false once it was killed, and then nothing of it has any effect. */
export interface ServerProcess {
  isAlive: boolean;
}

interface Running {
  readonly memoryBytes: number;
  readonly exits: Set<(exit: Exit) => void>;
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new Promise<never>(() => {});

/** A place and a disk that outlive servers, in memory: what is there when servers come, go and are killed at any moment. */
export class MemoryPlace {
  readonly running = new Map<string, Running>();
  readonly ended = new Map<string, Exit>();
  readonly records = new Map<string, KernelRecord>();
  readonly room: Capacity;
  /** What was wrong at any moment. */
  readonly faults: string[] = [];

  constructor(room: Capacity) {
    this.room = room;
  }

  die(id: string): void {
    this.#exit(id, { reason: 'exited', code: 1, message: 'exited with code 1' });
  }

  /** The place as one server has it. */
  provisioner(server: ServerProcess): Provisioner {
    const provisioned = (id: string): ProvisionedKernel => this.#provisioned(id, server);
    return {
      name: 'memory',
      capacity: () => Promise.resolve(this.room),
      launch: async ({ kernelId, requests }: LaunchRequest, { signal }: LaunchContext) => {
        await tick();
        if (!server.isAlive) return await never;
        if (signal.aborted) throw new KernelError('KERNEL_LAUNCH_FAILED', 'called off');
        this.#create(kernelId, requests?.memoryBytes ?? 0);
        await tick();
        return server.isAlive ? provisioned(kernelId) : await never;
      },
      adopt: async (handle: ProvisionedHandle): Promise<ProvisionedKernel | EndedKernel | undefined> => {
        await tick();
        if (!server.isAlive) return await never;
        const id = handle['kernelId'] as string;
        if (this.running.has(id)) return provisioned(id);
        const exit = this.ended.get(id);
        return exit && { ended: exit };
      },
    };
  }

  /** The disk as one server has it. */
  store(server: ServerProcess): KernelStore {
    const put = async (record: KernelRecord): Promise<void> => {
      await tick();
      if (!server.isAlive) return await never;
      this.records.set(record.id, structuredClone(record));
    };
    return {
      load: () => Promise.resolve([...this.records.values()].map((record) => structuredClone(record))),
      put,
      putSoon: () => {},
      remove: async (id) => {
        await tick();
        if (!server.isAlive) return await never;
        this.records.delete(id);
      },
      flush: () => Promise.resolve(),
    };
  }

  #create(id: string, memoryBytes: number): void {
    if (this.running.has(id)) this.faults.push(`a second process of ${id}`);
    this.ended.delete(id);
    this.running.set(id, { memoryBytes, exits: new Set() });
    const used = [...this.running.values()].reduce((sum, one) => sum + one.memoryBytes, 0);
    if (used > this.room.memoryBytes) this.faults.push(`${used} of ${this.room.memoryBytes} in use`);
  }

  #exit(id: string, exit: Exit): void {
    const kernel = this.running.get(id);
    if (!kernel) return;
    this.running.delete(id);
    this.ended.set(id, exit);
    for (const told of kernel.exits) told(exit);
  }

  #provisioned(id: string, server: ServerProcess): ProvisionedKernel {
    const kernel = this.running.get(id);
    const exited = new Promise<Exit>((resolve) => {
      if (kernel) kernel.exits.add((exit) => server.isAlive && resolve(exit));
      else resolve(this.ended.get(id)!);
    });
    return {
      handle: { provisioner: 'memory', kernelId: id },
      connection: {
        transport: 'tcp',
        ip: '127.0.0.1',
        shell_port: 1,
        iopub_port: 1,
        stdin_port: 1,
        control_port: 1,
        hb_port: 1,
        key: '',
        signature_scheme: 'hmac-sha256',
      },
      exited,
      interrupt: () => Promise.resolve(),
      requestShutdown: async () => {
        await tick();
        if (server.isAlive && this.running.get(id) === kernel)
          this.#exit(id, { reason: 'exited', message: 'asked' });
      },
      destroy: async () => {
        await tick();
        if (!server.isAlive) return await never;
        if (this.running.get(id) === kernel) this.#exit(id, { reason: 'destroyed', message: 'destroyed' });
      },
    };
  }
}
