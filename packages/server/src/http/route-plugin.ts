import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';

declare module 'fastify' {
  /** What the OpenAPI document says of a route besides its schemas. */
  interface FastifySchema {
    summary?: string;
    description?: string;
    /** Not for the document: pages and files. */
    hide?: boolean;
  }
}

/** What `xRoutes(deps)` returns: routes and sockets, written without the base URL, registered under it. */
export type RoutePlugin = FastifyPluginAsyncTypebox;
