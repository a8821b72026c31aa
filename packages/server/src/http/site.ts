import type { HttpOptions } from './options.ts';

/** What routes need to know of the place that they are served at; `app.site`. */
export interface Site {
  /** Starts and ends with a slash. */
  readonly baseUrl: string;
  /** The base URL as routes are registered and looked up under: Fastify's router does not find `%40`. */
  readonly routeBase: string;
  /** A URL as it was sent, with the base URL in it as in `routeBase`. */
  toRoute(url: string): string;
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
  const routeBase = decodeBase(baseUrl);
  return {
    baseUrl,
    routeBase,
    toRoute: (url) => (url.startsWith(baseUrl) ? routeBase + url.slice(baseUrl.length) : url),
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

/** JupyterHub has users with names like `ada@example.org`. What would not be one path afterwards is left alone. */
function decodeBase(baseUrl: string): string {
  const decoded = decodeURIComponent(baseUrl);
  return /[%?#*;]/.test(decoded) ? baseUrl : decoded;
}
