import type { Counter, Gauge, Registry } from 'prom-client';
import type { Access } from '../http/access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { addOverviewMetrics } from '../overview/overview-metrics.ts';
import { lastActivity, type RunningThings } from './status-routes.ts';
import { serverVersion } from './version.ts';

export interface MetricsDeps {
  readonly running: RunningThings;
  /** Whether only users may see them. */
  readonly authenticate: boolean;
}

/** `/metrics` for Prometheus, under the names that dashboards for jupyter_server know. */
export function metricsRoutes(deps: MetricsDeps): RoutePlugin {
  const access: Access = deps.authenticate
    ? { kind: 'api', resource: 'api', untracked: true }
    : { kind: 'public' };
  let registry: Promise<Registry> | undefined;

  return async (app) => {
    const durations = app.requestDurations;
    app.get(
      '/metrics',
      { config: { access }, schema: { summary: 'Metrics for Prometheus' } },
      async (_request, reply) => {
        const known = await (registry ??= createRegistry(deps.running, app.activity));
        reply.type('text/plain; version=0.0.4; charset=utf-8');
        return durations.render() + (await known.metrics());
      },
    );
  };
}

async function createRegistry(
  running: RunningThings,
  activity: { readonly startedAt: number; readonly lastAt: number },
): Promise<Registry> {
  // By its default export, which alone a CommonJS module keeps in a bundle.
  const { collectDefaultMetrics, Counter, Gauge, Registry } = (await import('prom-client')).default;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({ name, help, registers, collect() { this.set(value()); } }); // prettier-ignore

  // oxlint-disable-next-line no-new -- it enters itself in the registers
  new Gauge({
    name: 'kernel_currently_running_total',
    help: 'counter for how many kernels are running labeled by type',
    labelNames: ['type'],
    registers,
    collect() {
      this.reset();
      for (const { name, execution_state } of running.kernels()) {
        if (execution_state !== 'dead') this.inc({ type: name });
      }
    },
  });
  gauge(
    'terminal_currently_running_total',
    'counter for how many terminals are running',
    () => running.terminals().length,
  );
  if (running.overview) addOverviewMetrics(registry, running.overview, Gauge);
  if (running.queue) addQueueMetrics(registry, running.queue, { Counter, Gauge });
  new Gauge({ name: 'jupyter_server_info', help: 'Jupyter Server Version information', labelNames: ['version'], registers })
    .set({ version: serverVersion }, 1); // prettier-ignore
  gauge(
    'jupyter_server_started_timestamp_seconds',
    'when the server started',
    () => activity.startedAt / 1000,
  );
  gauge(
    'jupyter_server_last_activity_timestamp_seconds',
    'when somebody last did something',
    () => lastActivity(activity.lastAt, running) / 1000,
  );
  gauge(
    'jupyter_server_active_duration_seconds',
    'time from the start to the last activity',
    () => (lastActivity(activity.lastAt, running) - activity.startedAt) / 1000,
  );
  return registry;
}

/** Ours: how many kernels wait for room, and what became of starts. */
function addQueueMetrics(
  registry: Registry,
  queue: NonNullable<RunningThings['queue']>,
  make: { readonly Counter: typeof Counter; readonly Gauge: typeof Gauge },
): void {
  const registers = [registry];
  // oxlint-disable-next-line no-new -- it enters itself in the registers
  new make.Gauge({
    name: 'perijove_kernels_queued',
    help: 'kernels that wait for room',
    registers,
    collect() {
      this.set(queue().queued);
    },
  });
  // oxlint-disable-next-line no-new -- as above
  new make.Counter({
    name: 'perijove_kernel_starts_total',
    help: 'starts of kernels by what became of them at once',
    labelNames: ['result'],
    registers,
    collect() {
      this.reset();
      for (const [result, count] of Object.entries(queue().starts)) this.inc({ result }, count);
    },
  });
}
