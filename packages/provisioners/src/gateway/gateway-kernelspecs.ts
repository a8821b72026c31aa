import { KernelError, type FoundKernelspec, type HiddenKernelspec, type Log } from '@perijove/kernels';
import { KernelspecFile } from '@perijove/protocol';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { errorTextOf, GatewayUnreachable, type GatewayClient } from './gateway-client.ts';
import { readModel } from './gateway-models.ts';

const KernelspecsModel = Type.Object({
  default: Type.Optional(Type.String()),
  kernelspecs: Type.Record(
    Type.String(),
    Type.Object({
      name: Type.Optional(Type.String()),
      spec: Type.Unknown(),
      resources: Type.Optional(Type.Record(Type.String(), Type.String())),
    }),
  ),
});

export interface GatewayKernelspecsOptions {
  readonly client: GatewayClient;
  readonly log: Log;
  readonly maxAgeMs: number;
  /** Whose kernelspecs are asked for, where the gateway makes a difference. */
  readonly username?: string | undefined;
  readonly now: () => number;
}

interface Listing {
  readonly text: string;
  readonly specs: ReadonlyMap<string, FoundKernelspec>;
  readonly hidden: ReadonlyMap<string, HiddenKernelspec>;
  readonly defaultName: string;
}

export interface GatewayResource {
  readonly type: string;
  readonly body: Buffer;
}

/** The kernelspecs that a gateway has: its list, kept for a while, and the files that go with them. */
export class GatewayKernelspecs {
  readonly #options: GatewayKernelspecsOptions;
  #asking: Promise<Listing> | undefined;
  #last: Listing | undefined;
  #askedAt = -Infinity;

  constructor(options: GatewayKernelspecsOptions) {
    this.#options = options;
  }

  /** The very same map as before if nothing has changed. Rejects with GATEWAY_UNREACHABLE if the gateway has never answered. */
  async list(): Promise<ReadonlyMap<string, FoundKernelspec>> {
    return (await this.#look()).specs;
  }

  async get(name: string): Promise<FoundKernelspec | undefined> {
    return (await this.#look()).specs.get(name.toLowerCase());
  }

  async hidden(): Promise<ReadonlyMap<string, HiddenKernelspec>> {
    return (await this.#look()).hidden;
  }

  async defaultName(): Promise<string> {
    return (await this.#look()).defaultName;
  }

  /** A file of a kernelspec, from the gateway; undefined if it has none of that name. */
  async readResource(name: string, path: string): Promise<GatewayResource | undefined> {
    const parts = [name, ...path.split('/')];
    if (parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
    const address = `/kernelspecs/${parts.map((part) => encodeURIComponent(part)).join('/')}`;
    const answer = await this.#options.client.ask('GET', address).catch((error: unknown) => {
      throw unreachable(error);
    });
    if (answer.status !== 200) return undefined;
    return { type: answer.header('content-type') ?? 'application/octet-stream', body: answer.body };
  }

  #look(): Promise<Listing> {
    const { now, maxAgeMs } = this.#options;
    if (this.#last && now() - this.#askedAt < maxAgeMs) return Promise.resolve(this.#last);
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<Listing> {
    const { client, log, now, username } = this.#options;
    const query = username ? `?user=${encodeURIComponent(username)}` : '';
    try {
      const answer = await client.ask('GET', `/api/kernelspecs${query}`);
      const model = answer.status === 200 ? readModel(KernelspecsModel, answer.body) : undefined;
      if (!model) {
        throw new GatewayUnreachable(`${client.place} does not tell its kernelspecs: ${errorTextOf(answer)}`);
      }
      this.#askedAt = now();
      const text = answer.body.toString('utf8');
      if (this.#last?.text !== text) this.#last = { text, ...readListing(model, client.place) };
    } catch (error) {
      if (!(error instanceof GatewayUnreachable)) throw error;
      if (!this.#last) throw unreachable(error);
      log.warn({}, `${error.message}; its kernelspecs are taken for what they were`);
      this.#askedAt = now();
    }
    return this.#last;
  }
}

function readListing(
  { default: preferred, kernelspecs }: Static<typeof KernelspecsModel>,
  place: string,
): Omit<Listing, 'text'> {
  const specs = new Map<string, FoundKernelspec>();
  const hidden = new Map<string, HiddenKernelspec>();
  for (const [key, { spec, resources = {} }] of Object.entries(kernelspecs)) {
    const name = key.toLowerCase();
    if (!Value.Check(KernelspecFile, spec)) {
      hidden.set(name, { name, path: place, reason: `${place} tells of ${name} what is no kernelspec` });
      continue;
    }
    specs.set(name, {
      name,
      // Its folder is the gateway's.
      resourceDir: '',
      spec: forHere(spec),
      files: Object.values(resources).map(fileOf).toSorted(),
    });
  }
  const defaultName = preferred !== undefined && specs.has(preferred) ? preferred : [...specs.keys()][0];
  return { specs, hidden, defaultName: defaultName ?? preferred ?? 'python3' };
}

/** Which provisioner starts it is the gateway's business: here it is always the gateway. */
function forHere(spec: KernelspecFile): KernelspecFile {
  if (spec.metadata?.['kernel_provisioner'] === undefined) return spec;
  const { kernel_provisioner: _ofGateway, ...metadata } = spec.metadata;
  return { ...spec, metadata };
}

/** `/base/kernelspecs/python3/logo-64x64.png` is `logo-64x64.png`. */
function fileOf(url: string): string {
  return decodeURIComponent(url.replace(/[?#].*$/, '').replace(/^.*\//, ''));
}

function unreachable(error: unknown): KernelError {
  const message = error instanceof Error ? error.message : String(error);
  return new KernelError('GATEWAY_UNREACHABLE', message, { cause: error });
}
