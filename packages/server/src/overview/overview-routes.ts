import { KernelError } from '@perijove/kernels';
import { OverviewKernelSchema, OverviewSchema } from '@perijove/protocol';
import { Type } from 'typebox';
import type { User } from '../auth/user.ts';
import type { Access } from '../http/access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { OverviewSource } from './overview.ts';

const access: Access = { kind: 'api', resource: 'kernels', untracked: true };

/** `/perijove/api/overview`: what runs where. Who is no admin sees their own kernels. */
export function overviewRoutes(source: OverviewSource): RoutePlugin {
  return async (app) => {
    app.get(
      '/perijove/api/overview',
      {
        config: { access },
        schema: {
          summary: 'What runs where, for whom, and with what',
          response: { 200: OverviewSchema },
        },
      },
      async ({ user }) => {
        const { machines, kernels } = await source.read();
        return {
          viewer: viewerOf(user),
          machines: [...machines],
          kernels: kernels.filter((kernel) => app.access.sees(user, 'kernels', kernel.user)),
        };
      },
    );
    app.get(
      '/perijove/api/overview/kernels/:id',
      {
        config: { access },
        schema: {
          summary: 'What the overview says of one kernel',
          params: Type.Object({ id: Type.String() }),
          response: { 200: OverviewKernelSchema },
        },
      },
      async ({ user, params }) => {
        const kernel = await source.readKernel(params.id);
        // Whose kernel it is, is nobody else's business: as if there were none.
        if (!kernel || !app.access.sees(user, 'kernels', kernel.user))
          throw new KernelError('KERNEL_NOT_FOUND', `Kernel does not exist: ${params.id}`);
        return kernel;
      },
    );
  };
}

function viewerOf(user: User | undefined): { username: string; role: string } {
  return { username: user?.username ?? '', role: user?.role ?? 'read' };
}
