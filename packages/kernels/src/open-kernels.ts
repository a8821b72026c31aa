import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KernelChannels } from './channels/kernel-channels.ts';
import { openChannels } from './channels/open-channels.ts';
import type { ChannelOptions } from './channels/options.ts';
import { runCuller } from './culler.ts';
import { FileKernelStore } from './file-kernel-store.ts';
import { usageEvent, type KernelBusEvent } from './kernel-events.ts';
import { KernelRegistry } from './kernel-registry.ts';
import type { Kernel } from './kernel.ts';
import type { Log } from './log.ts';
import {
  cullingPolicyOf,
  lifecyclePolicyOf,
  resourceDefaultsOf,
  type CullingOptions,
  type KernelOptionValues,
  type ResourceOptionValues,
} from './options.ts';
import type { Kernelspec, Provisioner } from './provisioner.ts';
import type { SystemEnv } from './registry-options.ts';
import { FileSessionStore } from './session-store.ts';
import { Sessions, type SessionPlace } from './sessions.ts';
import { StateFolder } from './state-folder.ts';
import { within } from './within.ts';
import { UsageSampler, type UsageSample } from './usage-sampler.ts';

export interface OpenKernelsOptions {
  readonly options: KernelOptionValues & ResourceOptionValues & CullingOptions & ChannelOptions;
  /** Perijove's state folder, and the root folder of this server: together they say whose kernels are taken over. */
  readonly stateDir: string;
  readonly rootDir: string;
  readonly kernelspecs: {
    get(name: string): Promise<Kernelspec | undefined>;
    defaultName(): Promise<string>;
  };
  /** The first is for kernelspecs that name none. */
  readonly provisioners: readonly [Provisioner, ...Provisioner[]];
  /** Where the kernel of a document starts. */
  readonly placeOf: (path: string, name: string, username: string) => Promise<SessionPlace>;
  readonly systemEnv?: SystemEnv;
  readonly log: Log;
  readonly onEvent: (event: KernelBusEvent) => void;
  /** What kernels use has been looked at again. */
  readonly onUsageRound?: () => void;
}

/** The kernels of a running server and their sessions. */
export interface OpenKernels {
  readonly registry: KernelRegistry<KernelChannels>;
  readonly sessions: Sessions<KernelChannels>;
  /** What a kernel used a moment ago. */
  usageOf(kernelId: string): UsageSample | undefined;
  /** Leaves all kernels to the next server on the same root. */
  drain(): Promise<void>;
  /** Ends all kernels. */
  stopAll(): Promise<void>;
}

/** Claims the server's state folder and takes over the kernels and sessions that are in it. */
export async function openKernels(given: OpenKernelsOptions): Promise<OpenKernels> {
  const { options, kernelspecs, provisioners, log } = given;
  const folder = await StateFolder.claim({ stateDir: given.stateDir, root: given.rootDir });
  const { policy, limits } = lifecyclePolicyOf(options);
  const registry = new KernelRegistry<KernelChannels>({
    kernelspecs,
    provisioners: new Map(provisioners.map((provisioner) => [provisioner.name, provisioner])),
    defaultProvisioner: provisioners[0].name,
    store: new FileKernelStore({ folder: folder.kernels, log, soonMs: options.activityWriteS * 1000 }),
    policy,
    limits,
    resources: resourceDefaultsOf(options),
    log,
    now: Date.now,
    openChannels: (kernelId) =>
      openChannels({ kernelId, settings: options, journalsFolder: folder.journals, log, now: Date.now }),
    onEvent: given.onEvent,
    ...(given.systemEnv === undefined ? {} : { systemEnv: given.systemEnv }),
  });
  registry.onRemoved((id) => {
    rm(join(folder.journals, id), { recursive: true, force: true }).catch((error: unknown) => {
      log.warn({ err: error, kernelId: id }, "a gone kernel's journal cannot be removed");
    });
  });
  const store = new FileSessionStore(folder.sessions, log);
  const sessions = new Sessions<KernelChannels>({
    registry,
    store,
    log,
    placeOf: given.placeOf,
  });
  await registry.adopt();
  await sessions.adopt();
  const usage = new UsageSampler<Kernel<KernelChannels>>({
    kernels: () => registry.list().filter(({ isAlive }) => isAlive),
    intervalMs: options.usageIntervalS * 1000,
    onChange: (kernel, sample) => given.onEvent(usageEvent(kernel, sample)),
    ...(given.onUsageRound === undefined ? {} : { onRound: given.onUsageRound }),
    log,
    now: Date.now,
  });
  const ending = new AbortController();
  const sampling = usage.run(ending.signal);
  const culler = runCuller(
    {
      registry,
      kernelspecs,
      policy: cullingPolicyOf(options),
      intervalMs: options.cullInterval * 1000,
      log,
      now: Date.now,
    },
    ending.signal,
  );
  const end = async (how: () => Promise<void>): Promise<void> => {
    ending.abort();
    // One that does not end is no reason for the server not to.
    await within(limits.drainTimeoutMs, Promise.all([culler, sampling]));
    await how();
    for (const provisioner of provisioners) provisioner.close?.();
    await sessions.flush();
    await folder.release();
  };
  return {
    registry,
    sessions,
    usageOf: (kernelId) => usage.of(kernelId),
    drain: () => end(() => registry.drain()),
    stopAll: () => end(() => registry.stopAll()),
  };
}
