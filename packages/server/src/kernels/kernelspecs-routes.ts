import type { FoundKernelspec, HiddenKernelspec } from '@perijove/kernels';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ServerError } from '../errors.ts';
import type { Access } from '../http/access.ts';
import { queryOf } from '../http/check-access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { staticFiles } from '../http/static-files.ts';

export interface KernelspecsRoutesDeps {
  readonly kernelspecs: {
    /** The very same map as long as nothing has changed. */
    list(): Promise<ReadonlyMap<string, FoundKernelspec>>;
    get(name: string): Promise<FoundKernelspec | undefined>;
    hidden(): Promise<ReadonlyMap<string, HiddenKernelspec>>;
    defaultName(): Promise<string>;
    /** Where kernelspecs have no folder here: a file of one, or undefined if it has none of that name. */
    readResource?(name: string, path: string): Promise<{ type: string; body: Buffer } | undefined>;
  };
  /** What a user is not to start is not shown. Absent: everybody sees all. */
  readonly mayUse?: (kernelspec: FoundKernelspec, username: string) => boolean;
}

const access: Access = { kind: 'api', resource: 'kernelspecs' };
const fileAccess: Access = { kind: 'page', resource: 'kernelspecs' };
const SpecParams = Type.Object({ name: Type.String() });
const logoAgeS = 30 * 24 * 60 * 60;

/** `/api/kernelspecs`: what can be started. `/kernelspecs`: the files of a kernelspec, such as its logos. */
export function kernelspecsRoutes({ kernelspecs, mayUse }: KernelspecsRoutesDeps): RoutePlugin {
  return async (app) => {
    const { baseUrl } = app.site;
    // All clients ask once a minute, and the answer is nearly always the same.
    const written = new WeakMap<ReadonlyMap<string, FoundKernelspec>, Written>();

    app.get(
      '/api/kernelspecs',
      { config: { access }, schema: { summary: 'All kernelspecs, and which one is the default' } },
      async (request, reply) => {
        const specs = await kernelspecs.list();
        const defaultName = await kernelspecs.defaultName();
        if (mayUse !== undefined) {
          const username = askedFor(request);
          const models = [...specs]
            .filter(([, found]) => mayUse(found, username))
            .map(([name, found]) => [name, modelOf(found, baseUrl)] as const);
          return { default: defaultName, kernelspecs: Object.fromEntries(models) };
        }
        let last = written.get(specs);
        if (last?.defaultName !== defaultName) {
          const models = [...specs].map(([name, found]) => [name, modelOf(found, baseUrl)] as const);
          const body = JSON.stringify({ default: defaultName, kernelspecs: Object.fromEntries(models) });
          last = { defaultName, body };
          written.set(specs, last);
        }
        return reply.type('application/json; charset=utf-8').send(last.body);
      },
    );

    app.get(
      '/api/kernelspecs/:name',
      { config: { access }, schema: { summary: 'One kernelspec', params: SpecParams } },
      async (request) => {
        const found = await find(request.params.name);
        if (mayUse?.(found, askedFor(request)) === false)
          throw new ServerError(
            'FORBIDDEN',
            `User ${askedFor(request)} may not use the kernelspec ${found.name}.`,
          );
        return modelOf(found, baseUrl);
      },
    );

    app.get(
      '/kernelspecs/:name/*',
      { config: { access: fileAccess }, schema: { hide: true } },
      async (request, reply) => {
        const { name, '*': path } = request.params as { name: string; '*': string };
        const { resourceDir } = await find(name);
        if (kernelspecs.readResource) {
          const resource = await kernelspecs.readResource(name, path);
          if (!resource) throw new ServerError('NOT_FOUND', `${path} is no file of the kernelspec ${name}`);
          return reply
            .type(resource.type)
            .header('cache-control', `private, max-age=${logoAgeS}`)
            .send(resource.body);
        }
        const send = staticFiles({
          folders: [resourceDir],
          isImmutable: () => false,
          maxAgeS: (file) => (/\.(png|svg)$/i.test(file) ? logoAgeS : undefined),
        });
        return send(path, request, reply);
      },
    );

    async function find(name: string): Promise<FoundKernelspec> {
      const found = await kernelspecs.get(name);
      if (found) return found;
      const reason = (await kernelspecs.hidden()).get(name.toLowerCase())?.reason;
      throw new ServerError('NOT_FOUND', `Kernel spec ${name} not found${reason ? `: ${reason}` : ''}`);
    }
  };
}

/**
 * Whose kernelspecs: the user's own, or for an administrator (a notebook server in front of a gateway) those of `?user=`.
 * jupyter_server's client writes the name of a kernelspec behind the user's, as `?user=bob/python3`.
 */
function askedFor({ user, raw }: Pick<FastifyRequest, 'user' | 'raw'>): string {
  const asked = user?.role === 'admin' ? queryOf(raw).get('user') : null;
  return asked?.split('/', 1)[0] || (user?.username ?? '');
}

interface Written {
  readonly defaultName: string;
  readonly body: string;
}

/** Jupyter's model of a kernelspec: what its file leaves out is there with its default, what we do not know stays. */
function modelOf({ name, spec, files }: FoundKernelspec, baseUrl: string): Record<string, unknown> {
  const resources = files.flatMap((file) => {
    const key = file === 'kernel.js' || file === 'kernel.css' ? file : logoName(file);
    const url = `${baseUrl}kernelspecs/${encodeURIComponent(name)}/${encodeURIComponent(file)}`;
    return key === undefined ? [] : [[key, url] as const];
  });
  const defaults = { env: {}, interrupt_mode: 'signal', metadata: {}, kernel_protocol_version: '' };
  return { name, spec: { ...defaults, ...spec }, resources: Object.fromEntries(resources) };
}

/** `logo-64x64.png` is the resource `logo-64x64`. */
function logoName(file: string): string | undefined {
  return file.startsWith('logo-') ? file.replace(/(?<=.)\.[^.]*$/, '') : undefined;
}
