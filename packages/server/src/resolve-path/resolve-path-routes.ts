import { Type } from 'typebox';
import type { FilesOf } from '../contents/user-files.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { resolveInKernel, resolveOnServer } from './resolve-path.ts';

export interface ResolvePathDeps {
  readonly rootDir: string;
  /** Where each user has a folder: instead of `rootDir`. */
  readonly filesOf?: FilesOf | undefined;
  readonly home: string;
  /**
   * The folder that a kernel works in, and whose it is: `cwd` undefined if that is on another machine, and nothing at all for an unknown
   * kernel.
   */
  readonly findKernel: (
    id: string,
  ) => { readonly cwd: string | undefined; readonly username: string } | undefined;
}

const Scoped = Type.Object({
  scope: Type.Union([Type.Literal('server'), Type.Literal('kernel')]),
  path: Type.String(),
});
const Unresolved = Type.Object({ scope: Type.Literal('kernel'), reason: Type.String() });

/** Where the paths in a traceback lead: JupyterLab makes links of them. */
export function resolvePathRoutes({ home, findKernel, ...deps }: ResolvePathDeps): RoutePlugin {
  return async (app) => {
    app.get(
      '/api/resolvePath',
      {
        config: { access: { kind: 'api', resource: 'api', untracked: true } },
        schema: {
          summary: 'Finds a path that a kernel printed',
          querystring: Type.Object({
            path: Type.String({ maxLength: 4096 }),
            kernel: Type.Optional(Type.String()),
          }),
          response: {
            200: Type.Object({
              resolved: Type.Array(Scoped),
              unresolved: Type.Optional(Type.Array(Unresolved)),
            }),
          },
        },
      },
      async (request) => {
        const { path, kernel: id } = request.query;
        const resolved: { scope: 'server' | 'kernel'; path: string }[] = [];
        const { rootDir } = deps.filesOf ? await deps.filesOf(request.user?.username ?? '') : deps;
        const onServer = await resolveOnServer(path, rootDir, home);
        if (onServer !== undefined) resolved.push({ scope: 'server', path: onServer });
        if (id === undefined || id === '') return { resolved };

        const kernel = findKernel(id);
        if (kernel === undefined || !app.access.sees(request.user, 'kernels', kernel.username)) {
          const reason = `Kernel ${id} could not be found`;
          return { resolved, unresolved: [{ scope: 'kernel' as const, reason }] };
        }
        const inKernel = kernel.cwd === undefined ? undefined : await resolveInKernel(path, kernel.cwd, home);
        if (inKernel !== undefined) resolved.push({ scope: 'kernel', path: inKernel });
        return { resolved };
      },
    );
  };
}
