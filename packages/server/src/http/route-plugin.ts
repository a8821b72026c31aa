import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';

/** What `xRoutes(deps)` returns: routes and sockets, written without the base URL, registered under it. */
export type RoutePlugin = FastifyPluginAsyncTypebox;
