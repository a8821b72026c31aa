import type {} from 'fastify';
import type { User } from '../auth/user.ts';

/** Resources of Jupyter's authorizer; an action on one of them is what a route needs. */
export type Resource =
  | 'api'
  | 'config'
  | 'contents'
  | 'csp'
  | 'events'
  | 'kernels'
  | 'kernelspecs'
  | 'nbconvert'
  | 'server'
  | 'sessions'
  | 'terminals'
  | 'lsp';

/**
 * Who may use a route. A route that says nothing is `api` on the resource `api`.
 * `api`: 403 JSON to strangers. `page`: redirect to the login page. `socket`: 403 before the upgrade. `public`: anybody.
 * The action follows from the method (GET, HEAD, OPTIONS: read; others: write; sockets: execute) unless given.
 */
export type Access =
  | { kind: 'public' }
  | {
      kind: 'api' | 'page' | 'socket';
      resource: Resource;
      action?: 'read' | 'write' | 'execute';
      /** Polls that are not to count as activity of a user. */
      untracked?: boolean;
      /** GET that needs XSRF token or same-host Referer from cookie users (/files, /nbconvert). */
      checksReferer?: boolean;
      /** Neither Origin nor XSRF are checked (CSP reports). */
      unchecked?: boolean;
    };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Set by the access hook before any handler that is not `public`. */
    user: User | undefined;
  }
}
