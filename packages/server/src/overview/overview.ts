import { isDeepStrictEqual } from 'node:util';
import { kernelPhaseSchemaId, type Kernelspec, type UsageSample } from '@perijove/kernels';
import {
  overviewKernelSchemaId,
  overviewMachinesSchemaId,
  type OverviewKernel,
  type OverviewKernelEvent,
  type OverviewMachine,
  type SessionModel,
} from '@perijove/protocol';
import type { EventBus, ServerEvent } from '../events/event-bus.ts';
import { kernelRow, type KernelPlace, type OverviewedKernel, type PhaseNews } from './kernel-row.ts';
import { machineRows, type Machine, type PlacedKernel } from './machine-rows.ts';

export interface OverviewOptions {
  readonly registry: {
    list(): readonly OverviewedKernel[];
    get(id: string): OverviewedKernel | undefined;
  };
  readonly sessions: { list(): readonly SessionModel[] };
  readonly kernelspecs: { get(name: string): Promise<Kernelspec | undefined> };
  readonly usageOf: (kernelId: string) => UsageSample | undefined;
  /** Where kernels may run. Asked seldom: their capacity does not change by itself. */
  readonly machines: () => Promise<readonly Machine[]>;
  readonly kernelPlaceOf: (kernel: OverviewedKernel) => KernelPlace;
  readonly bus: EventBus;
}

/** A kernel that has just computed something says so at most this often. */
const activityStepMs = 10_000;

/**
 * What runs where, as a picture and as its changes: who has read the picture and hears the events of the bus has it live.
 * Keeps what it last told of each kernel, and what was last said of its phase.
 */
export class OverviewSource {
  readonly #options: OverviewOptions;
  readonly #news = new Map<string, PhaseNews>();
  readonly #told = new Map<string, OverviewKernel>();
  readonly #displayNames = new Map<string, string>();
  readonly #unsubscribe: () => void;
  #toldMachines: readonly OverviewMachine[] = [];
  #telling: NodeJS.Immediate | undefined;
  /** Nobody has asked yet. */
  #machines: readonly Machine[] | undefined;

  constructor(options: OverviewOptions) {
    this.#options = options;
    this.#unsubscribe = options.bus.subscribe((event) => this.#hear(event));
  }

  /** The kernels now, in the order in which they were started, and the machines. */
  async read(): Promise<{ machines: readonly OverviewMachine[]; kernels: readonly OverviewKernel[] }> {
    const kernels = this.#options.registry.list();
    const [machines] = await Promise.all([
      this.#options.machines(),
      ...kernels.map(({ name }) => this.#readDisplayName(name)),
    ]);
    this.#machines = machines;
    const notebooks = this.#notebooks();
    return {
      machines: machineRows(machines, this.#placed()),
      kernels: this.#options.registry.list().map((kernel) => this.#row(kernel, notebooks)),
    };
  }

  /** One kernel; undefined if there is none. */
  async readKernel(id: string): Promise<OverviewKernel | undefined> {
    const kernel = this.#options.registry.get(id);
    if (!kernel) return undefined;
    await this.#readDisplayName(kernel.name);
    return this.#row(kernel, this.#notebooks());
  }

  /** Tells of all that has changed since it was last told. Called after each look at what kernels use, and by events. */
  tell(): void {
    const { registry, bus } = this.#options;
    const notebooks = this.#notebooks();
    const kernels = registry.list();
    for (const kernel of kernels) {
      const row = this.#row(kernel, notebooks);
      const told = this.#told.get(row.id);
      if (told && !isNews(row, told)) continue;
      this.#told.set(row.id, row);
      if (!this.#displayNames.has(row.kernelspec)) void this.#readDisplayName(row.kernelspec);
      this.#emit({ kernel_id: row.id, user: row.user, kernel: row });
    }
    const ids = new Set(kernels.map(({ id }) => id));
    for (const { id, user } of this.#told.values()) {
      if (ids.has(id)) continue;
      this.#told.delete(id);
      this.#news.delete(id);
      this.#emit({ kernel_id: id, user });
    }
    if (!this.#machines) return;
    const machines = machineRows(this.#machines, this.#placed());
    if (!isDeepStrictEqual(machines, this.#toldMachines)) {
      this.#toldMachines = machines;
      bus.emit(overviewMachinesSchemaId, { machines });
    }
  }

  dispose(): void {
    this.#unsubscribe();
    clearImmediate(this.#telling);
  }

  #emit(event: OverviewKernelEvent): void {
    this.#options.bus.emit(overviewKernelSchemaId, { ...event }, event.user);
  }

  #hear({ schemaId, data }: ServerEvent): void {
    if (schemaId === overviewKernelSchemaId || schemaId === overviewMachinesSchemaId) return;
    if (typeof data['kernel_id'] !== 'string') return;
    if (schemaId === kernelPhaseSchemaId) this.#news.set(data['kernel_id'], phaseNews(data));
    // Once for all that happens at once, and when it has happened: an event may be told before the state is another.
    this.#telling ??= setImmediate(() => {
      this.#telling = undefined;
      this.tell();
    }).unref();
  }

  #row(kernel: OverviewedKernel, notebooks: ReadonlyMap<string, string>): OverviewKernel {
    const { usageOf, kernelPlaceOf } = this.#options;
    return kernelRow(kernel, {
      displayName: this.#displayNames.get(kernel.name) ?? kernel.name,
      notebook: notebooks.get(kernel.id),
      place: kernelPlaceOf(kernel),
      news: this.#news.get(kernel.id),
      usage: usageOf(kernel.id),
    });
  }

  #placed(): PlacedKernel[] {
    const { registry, usageOf, kernelPlaceOf } = this.#options;
    return registry
      .list()
      .map((kernel) => ({ kernel, node: kernelPlaceOf(kernel).node, usage: usageOf(kernel.id) }));
  }

  #notebooks(): ReadonlyMap<string, string> {
    return new Map(this.#options.sessions.list().map(({ kernel, path }) => [kernel.id, path]));
  }

  /** Where kernelspecs cannot be asked for (a gateway that is away), their names have to do until they can. */
  async #readDisplayName(name: string): Promise<void> {
    const kernelspec = await this.#options.kernelspecs.get(name).catch(() => 'unreachable' as const);
    if (kernelspec !== 'unreachable') this.#displayNames.set(name, kernelspec?.spec.display_name ?? name);
  }
}

/** Whether people would see a difference. What is used has events of its own. */
function isNews(row: OverviewKernel, told: OverviewKernel): boolean {
  const later = Date.parse(row.lastActivity) - Date.parse(told.lastActivity);
  if (later >= activityStepMs) return true;
  const { lastActivity: _a, resources: resourcesNow, ...now } = row;
  const { lastActivity: _b, resources: resourcesThen, ...then } = told;
  const { used: _c, ...room } = resourcesNow;
  const { used: _d, ...roomThen } = resourcesThen;
  return !isDeepStrictEqual(now, then) || !isDeepStrictEqual(room, roomThen);
}

function phaseNews({ phase, message }: Readonly<Record<string, unknown>>): PhaseNews {
  return { phase: String(phase), message: String(message) };
}
