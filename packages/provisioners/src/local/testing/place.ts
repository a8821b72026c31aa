import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  KernelError,
  LaunchContext,
  LaunchRequest,
  ProvisionedHandle,
  ProvisionedKernel,
  Provisioner,
} from '@perijove/kernels';
import type { ConnectionInfo, KernelspecFile } from '@perijove/protocol';
import { DirectClient } from '@perijove/testkit';
import {
  localProvisioner,
  type LocalProvisionerOptions,
  type MachineProvisioner,
} from '../local-provisioner.ts';

/** A local provisioner in folders of its own, whose kernels and files are gone after the test. */
export class Place implements AsyncDisposable {
  readonly folder: string;
  readonly cwd: string;
  readonly runtimeDir: string;
  readonly stateDir: string;
  readonly phases: string[] = [];
  readonly #kernels: ProvisionedKernel[] = [];
  readonly #clients: DirectClient[] = [];
  #count = 0;

  static async create(): Promise<Place> {
    const folder = await mkdtemp(join(tmpdir(), 'pj-'));
    const place = new Place(folder);
    await mkdir(place.cwd);
    return place;
  }

  private constructor(folder: string) {
    this.folder = folder;
    this.cwd = join(folder, 'work');
    this.runtimeDir = join(folder, 'run');
    this.stateDir = join(folder, 'state');
  }

  provisioner(options: Partial<LocalProvisionerOptions> = {}): MachineProvisioner {
    const silent = () => undefined;
    return localProvisioner({
      runtimeDir: this.runtimeDir,
      stateDir: this.stateDir,
      env: process.env,
      home: this.folder,
      log: { debug: silent, info: silent, warn: silent, error: silent },
      pollIntervalMs: 20,
      ...options,
    });
  }

  request(spec: Partial<KernelspecFile>, more: Partial<LaunchRequest> = {}): LaunchRequest {
    this.#count += 1;
    return {
      kernelId: `k${this.#count}`,
      kernelspec: {
        name: 'test',
        resourceDir: '/specs/test',
        spec: { argv: [], display_name: 'Test', language: 'x', ...spec },
      },
      cwd: this.cwd,
      env: {},
      username: 'me',
      resources: {},
      ...more,
    };
  }

  context(signal: AbortSignal = new AbortController().signal): LaunchContext {
    return { signal, report: (phase) => this.phases.push(phase) };
  }

  async launch(
    spec: Partial<KernelspecFile>,
    provisioner: Provisioner = this.provisioner(),
    more: Partial<LaunchRequest> = {},
  ): Promise<ReachableKernel> {
    return this.keep(await provisioner.launch(this.request(spec, more), this.context()));
  }

  /** A shell script as kernel. */
  script(text: string, provisioner?: Provisioner, more?: Partial<LaunchRequest>): Promise<ReachableKernel> {
    return this.launch({ argv: ['/bin/sh', '-c', text] }, provisioner, more);
  }

  keep(kernel: ProvisionedKernel): ReachableKernel {
    this.#kernels.push(kernel);
    if (!isReachable(kernel)) throw new TypeError('a local kernel listens at ports');
    return kernel;
  }

  /** Finds a kernel that is there, as another server does. */
  async adopt(handle: ProvisionedHandle, provisioner = this.provisioner()): Promise<ReachableKernel> {
    const found = await provisioner.adopt(handle);
    if (!found || 'ended' in found) throw new Error(`it was not found, but ${JSON.stringify(found)}`);
    return this.keep(found);
  }

  async client(kernel: ReachableKernel): Promise<DirectClient> {
    const client = new DirectClient(kernel.connection);
    this.#clients.push(client);
    await client.ready();
    return client;
  }

  async failure(launch: Promise<unknown>): Promise<KernelError> {
    return launch.then(
      () => Promise.reject(new Error('it was launched')),
      (error: unknown) => error as KernelError,
    );
  }

  /** Every file of kernels. */
  async files(): Promise<string[]> {
    const lists = [this.runtimeDir, this.stateDir].map((folder) => readdir(folder).catch(() => []));
    return (await Promise.all(lists)).flat().toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.close();
    for (const kernel of this.#kernels) await kernel.destroy(0);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A kernel that listens at ports of its own. */
export type ReachableKernel = ProvisionedKernel & { readonly connection: ConnectionInfo };

function isReachable(kernel: ProvisionedKernel): kernel is ReachableKernel {
  return !('openLink' in kernel.connection);
}

/** Polls until the answer is something; fails after ten seconds. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await delay(10);
  }
  throw new Error(`never: ${what}`);
}
