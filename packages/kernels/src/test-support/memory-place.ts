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

/** Lets the event loop go round. */
export async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
}

const never = new Promise<never>(() => {});

/** A place and a disk that outlive servers, in memory: what is there when servers come, go and are killed at any moment. */
export class MemoryPlace {
  readonly running = new Map<string, Running>();
  readonly ended = new Map<string, Exit>();
  readonly records = new Map<string, KernelRecord>();
  readonly room: Capacity;
  /** What was wrong at any moment. */
  readonly faults: string[] = [];
  /** How many launches there were of each kernel, those that failed too. */
  readonly launches = new Map<string, number>();
  /** The next launches of a kernel that fail. */
  readonly failures = new Map<string, { readonly mayPass: boolean; times: number }>();
  readonly #delay: () => number;

  /** `delay`: how many turns of the event loop the next thing takes. */
  constructor(room: Capacity, delay: () => number = () => 1) {
    this.room = room;
    this.#delay = delay;
  }

  die(id: string, reason: Exit['reason'] = 'exited'): void {
    this.#exit(id, { reason, code: 1, message: 'exited with code 1' });
  }

  /** The place as one server has it. */
  provisioner(server: ServerProcess): Provisioner {
    const tick = (): Promise<void> => turns(this.#delay());
    const provisioned = (id: string): ProvisionedKernel => this.#provisioned(id, server);
    return {
      name: 'memory',
      capacity: () => Promise.resolve(this.room),
      launch: async ({ kernelId, requests }: LaunchRequest, { signal }: LaunchContext) => {
        this.launches.set(kernelId, (this.launches.get(kernelId) ?? 0) + 1);
        await tick();
        if (!server.isAlive) return await never;
        this.#failOnPurpose(kernelId);
        if (signal.aborted) throw new KernelError('KERNEL_LAUNCH_FAILED', 'called off');
        this.#create(kernelId, requests?.memoryBytes ?? 0);
        await tick();
        if (!server.isAlive) return await never;
        if (signal.aborted) {
          this.#exit(kernelId, { reason: 'destroyed', message: 'called off' });
          throw new KernelError('KERNEL_LAUNCH_FAILED', 'called off');
        }
        return provisioned(kernelId);
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
    const changes = new Map<string, Promise<void>>();
    // Of one record one after the other.
    const change = (id: string, apply: () => unknown): Promise<void> => {
      const done = (changes.get(id) ?? Promise.resolve()).then(async () => {
        await turns(this.#delay());
        if (!server.isAlive) return await never;
        apply();
        return undefined;
      });
      changes.set(id, done);
      return done;
    };
    const put = (record: KernelRecord): Promise<void> => {
      const written = structuredClone(record);
      return change(record.id, () => this.records.set(record.id, written));
    };
    return {
      load: () => Promise.resolve([...this.records.values()].map((record) => structuredClone(record))),
      put,
      putSoon: () => {},
      remove: (id) => change(id, () => this.records.delete(id)),
      flush: async () => {
        await Promise.all(changes.values());
      },
    };
  }

  #failOnPurpose(id: string): void {
    const failure = this.failures.get(id);
    if (!failure || failure.times-- <= 0) return;
    const cause = Object.assign(new Error('on purpose'), failure.mayPass ? { code: 'EADDRINUSE' } : {});
    throw new KernelError('KERNEL_LAUNCH_FAILED', 'it cannot be started', { cause });
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
    const tick = (): Promise<void> => turns(this.#delay());
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
