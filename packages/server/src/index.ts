export type { Audit, AuditEntry } from './audit/audit-entry.ts';
export { AuditLog } from './audit/audit-log.ts';
export { auditOptions, type AuditOptions } from './audit/options.ts';
export type { Authorizer } from './auth/authorizer.ts';
export { permits, type Action, type Reach, type Role } from './auth/permissions.ts';
export { actingUsername } from './auth/acting-username.ts';
export type { Identity, User } from './auth/user.ts';
export { proxyOptions } from './auth/proxy-options.ts';
export { createToken, parseTokenFile, renderTokenFile, type NamedToken } from './auth/token-file.ts';
export { isUsername } from './auth/username.ts';
export { authOptions, type AuthOptions } from './auth/options.ts';
export { ServerError, serverErrors, statusOf, type ServerErrorCode } from './errors.ts';
export type { EventBus, EventListener, ServerEvent } from './events/event-bus.ts';
export type { Access, Resource } from './http/access.ts';
export {
  type OptionDeclaration,
  type OptionDeclarations,
  type OptionValues,
  withDefaults,
} from './http/option-values.ts';
export { checkAddress } from './http/listen.ts';
export { httpOptions, type HttpOptions } from './http/options.ts';
export type { RoutePlugin } from './http/route-plugin.ts';
export type { AcceptOptions, SocketRequest, SocketRoute } from './http/sockets.ts';
export { kernelspecsRoutes, type KernelspecsRoutesDeps } from './kernels/kernelspecs-routes.ts';
export { kernelsRoutes, type KernelsRoutesDeps } from './kernels/kernels-routes.ts';
export { sessionsRoutes, type SessionsRoutesDeps } from './kernels/sessions-routes.ts';
export { placeOf, workingDirectoryOf } from './kernels/working-directory.ts';
export type { Server } from './create-server.ts';
export { createGatewayServer, type GatewayServerOptions } from './gateway.ts';
export { mayUse, type UserLists } from './gateway/kernelspec-users.ts';
export { gatewayServerOptions, type GatewayServerSettings } from './gateway/options.ts';
export { createNotebookServer, type NotebookServerOptions } from './notebook.ts';
export { contentsOptions } from './contents/options.ts';
export { contentsRoutes } from './contents/routes.ts';
export { createFileContents, type FileContentsService } from './contents/create-file-contents.ts';
export { eventOptions } from './events/options.ts';
export { eventRoutes } from './events/event-routes.ts';
export { JupyterEventBus } from './events/jupyter-event-bus.ts';
export { filesRoutes } from './files/files-routes.ts';
export { kernelWebSocket } from './kernels/websocket.ts';
export { labOptions } from './lab/options.ts';
export { labRoutes } from './lab/lab-routes.ts';
export { serverVersion } from './status/version.ts';
export { nbconvertOptions } from './nbconvert/options.ts';
export { nbconvertRoutes } from './nbconvert/nbconvert-routes.ts';
export { resolvePathRoutes } from './resolve-path/resolve-path-routes.ts';
export { terminalOptions } from './terminals/options.ts';
export { terminalRoutes } from './terminals/terminal-routes.ts';
export { Terminals, type TerminalAccounts } from './terminals/terminals.ts';
export { parseRootTemplate, type RootTemplate } from './contents/root-template.ts';
export { createUserFiles, type FilesOf, type UserFiles } from './contents/user-files.ts';
export { allEventSchemas } from './events/all-event-schemas.ts';
export { OverviewSource, type OverviewOptions } from './overview/overview.ts';
export type { Machine } from './overview/machine-rows.ts';
export type { KernelPlace } from './overview/kernel-row.ts';
export { staticRoutes } from './http/static-routes.ts';
export { overviewPageRoutes } from './overview/overview-page.ts';
export { overviewRoutes } from './overview/overview-routes.ts';
