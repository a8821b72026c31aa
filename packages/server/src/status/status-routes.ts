import type { KernelModel } from '@perijove/protocol';
import { Type } from 'typebox';
import type { OverviewPicture } from '../overview/overview-metrics.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';

/** What runs, for those who count it. */
export interface RunningThings {
  kernels(): readonly Pick<KernelModel, 'name' | 'connections' | 'last_activity' | 'execution_state'>[];
  terminals(): readonly { readonly last_activity: string }[];
  /** What keeps kernels within their limits of memory and processors, in one sentence. */
  readonly limits?: string;
  /** Kernels that wait for room now, and what became of starts since the server began. */
  readonly queue?: () => {
    readonly queued: number;
    readonly starts: { readonly admitted: number; readonly queued: number; readonly refused: number };
  };
  /** What runs where, and with what. */
  readonly overview?: () => Promise<OverviewPicture>;
}

/** `/api/status`, which JupyterHub's cullers read. */
export function statusRoutes(running: RunningThings): RoutePlugin {
  return async (app) => {
    app.get(
      '/api/status',
      {
        config: { access: { kind: 'api', resource: 'api', untracked: true } },
        schema: {
          summary: 'What runs, and when somebody last did something',
          response: {
            200: Type.Object({
              connections: Type.Integer(),
              kernels: Type.Integer(),
              last_activity: Type.String({ format: 'date-time' }),
              started: Type.String({ format: 'date-time' }),
              limits: Type.Optional(Type.String({ description: 'What keeps kernels within their limits' })),
            }),
          },
        },
      },
      async () => {
        const kernels = running.kernels();
        return {
          connections: kernels.reduce((sum, kernel) => sum + kernel.connections, 0),
          // Dead ones stay listed for a while, so that people see why they died; they are nobody's load.
          kernels: kernels.filter(({ execution_state }) => execution_state !== 'dead').length,
          last_activity: new Date(lastActivity(app.activity.lastAt, running)).toISOString(),
          started: new Date(app.activity.startedAt).toISOString(),
          ...(running.limits === undefined ? {} : { limits: running.limits }),
        };
      },
    );
  };
}

/** Of requests, kernels and terminals. */
export function lastActivity(requestsAt: number, running: RunningThings): number {
  const others = [...running.kernels(), ...running.terminals()].map(({ last_activity }) =>
    Date.parse(last_activity),
  );
  return Math.max(requestsAt, ...others.filter(Number.isFinite));
}
