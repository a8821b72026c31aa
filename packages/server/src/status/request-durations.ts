import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    requestDurations: RequestDurations;
  }
}

// prom-client's defaults, and Jupyter's.
const bucketsS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

interface Series {
  readonly labels: string;
  readonly counts: number[];
  sumS: number;
}

/**
 * The histogram `http_request_duration_seconds`. Kept here rather than in prom-client, which is loaded when somebody first
 * asks for metrics: the requests before that count as well.
 */
export class RequestDurations {
  readonly #series = new Map<string, Series>();

  /** `handler` is the pattern of a route, never a URL: what a client can choose must not make new series. */
  observe(handler: string, method: string, statusCode: number, seconds: number): void {
    const labels = `method="${method}",handler="${handler.replace(/["\\\n]/g, '_')}",status_code="${statusCode}"`;
    let series = this.#series.get(labels);
    if (series === undefined) {
      series = { labels, counts: Array<number>(bucketsS.length + 1).fill(0), sumS: 0 };
      this.#series.set(labels, series);
    }
    const found = bucketsS.findIndex((bound) => seconds <= bound);
    const i = found < 0 ? bucketsS.length : found;
    series.counts[i] = (series.counts[i] ?? 0) + 1;
    series.sumS += seconds;
  }

  /** In Prometheus' text format. */
  render(): string {
    const name = 'http_request_duration_seconds';
    const lines = [`# HELP ${name} duration in seconds for all HTTP requests`, `# TYPE ${name} histogram`];
    for (const { labels, counts, sumS } of this.#series.values()) {
      let total = 0;
      for (const [i, count] of counts.entries()) {
        total += count;
        lines.push(`${name}_bucket{le="${bucketsS[i] ?? '+Inf'}",${labels}} ${total}`);
      }
      lines.push(`${name}_sum{${labels}} ${sumS}`, `${name}_count{${labels}} ${total}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

export function trackDurations(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const handler = request.routeOptions.url ?? 'unknown';
    app.requestDurations.observe(handler, request.method, reply.statusCode, reply.elapsedTime / 1000);
  });
}
