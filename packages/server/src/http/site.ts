import type { HttpOptions } from './options.ts';

/** What routes need to know of the place that they are served at; `app.site`. */
export interface Site {
  /** Starts and ends with a slash. */
  readonly baseUrl: string;
  /** Where `/` leads to, base URL included. */
  readonly defaultUrl: string;
  /** For `bodyLimit` of routes that take contents. */
  readonly maxBodySize: number;
  /** Content-Security-Policy of every answer, with more directives at its end (`sandbox allow-scripts`). */
  csp(...directives: string[]): string;
}

declare module 'fastify' {
  interface FastifyInstance {
    site: Site;
  }
}

export function createSite(options: Pick<HttpOptions, 'baseUrl' | 'defaultUrl' | 'maxBodySize'>): Site {
  const baseUrl = normalizeBaseUrl(options.baseUrl);
  const policy = `frame-ancestors 'self'; report-uri ${baseUrl}api/security/csp-report`;
  return {
    baseUrl,
    defaultUrl: baseUrl + options.defaultUrl.replace(/^\/+/, ''),
    maxBodySize: options.maxBodySize,
    csp: (...directives) => [policy, ...directives].join('; '),
  };
}

/** `hub/user` → `/hub/user/`. Percent-encoding is left as it is: that is how clients send it back. */
export function normalizeBaseUrl(baseUrl: string): string {
  const inner = baseUrl.replace(/^\/+|\/+$/g, '');
  return inner === '' ? '/' : `/${inner}/`;
}
