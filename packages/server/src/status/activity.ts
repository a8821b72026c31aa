import type { FastifyInstance } from 'fastify';
import { queryOf } from '../http/check-access.ts';

declare module 'fastify' {
  interface FastifyInstance {
    activity: Activity;
  }
}

/** When somebody last asked for something. JupyterHub stops servers by it, so polls are left out. */
export class Activity {
  readonly startedAt: number;
  #lastAt: number;
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.startedAt = now();
    this.#lastAt = this.startedAt;
  }

  get lastAt(): number {
    return this.#lastAt;
  }

  touch(): void {
    this.#lastAt = this.#now();
  }
}

/** Counts requests of users to APIs, unless the route or the client (`no_track_activity=1`) says that it only polls. */
export function trackActivity(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    if (
      request.user === undefined ||
      access?.kind === 'public' ||
      access?.kind === 'page' ||
      access?.untracked
    )
      return;
    const untracked = queryOf(request.raw).get('no_track_activity');
    if (untracked === null || untracked === '0') app.activity.touch();
  });
}
