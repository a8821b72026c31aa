import { Type } from 'typebox';
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { Access } from '../http/access.ts';
import { ServerError } from '../errors.ts';
import type { FederatedExtension, FederatedExtensions } from './federated-extensions.ts';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import type { PluginSwitches } from './plugin-switches.ts';

const access: Access = { kind: 'api', resource: 'api' };
/** What is switched off is so in everybody's page: no matter of one user. */
const switching: Access = { kind: 'api', resource: 'server', action: 'write' };
const anyName = Type.String({ minLength: 1, maxLength: 300 });
const pluginAction = Type.Object({ cmd: Type.String(), plugin_name: anyName });
const extensionAction = Type.Object({ cmd: Type.String(), extension_name: anyName });
const search = Type.Object({
  query: Type.Optional(Type.String()),
  page: Type.Optional(Type.String()),
  per_page: Type.Optional(Type.String()),
});

/**
 * Shows the prebuilt extensions that are installed, and switches them on and off. Installing is for whoever owns the Python
 * environment: nothing is fetched or run on a click in a browser.
 */
export function extensionManagerRoutes(
  federated: FederatedExtensions,
  switches: PluginSwitches,
): RoutePlugin {
  const turn = async (target: string, cmd: string) => {
    if (cmd === 'enable' || cmd === 'disable') return switches.turn(target, cmd === 'enable');
    if (cmd === 'install' || cmd === 'uninstall') {
      throw new ServerError(
        'FORBIDDEN',
        `Extensions are ${cmd}ed with the package manager of their Python, not from here`,
      );
    }
    throw new ServerError('BAD_REQUEST', `Could not process instruction '${cmd.slice(0, 100)}'`);
  };

  return async (app) => {
    app.get(
      '/lab/api/extensions',
      { config: { access }, schema: { querystring: search } },
      async (request) => {
        // Searching is for what could be installed, which is nothing.
        if (request.query.query !== undefined) return [];
        const [{ extensions }, disabled] = await Promise.all([federated.list(), switches.disabled()]);
        return extensions.map((extension) => describe(extension, disabled[extension.name] !== true));
      },
    );
    app.post(
      '/lab/api/extensions',
      { config: { access: switching }, schema: { body: extensionAction } },
      async (request, reply) => {
        const result = await turn(request.body.extension_name, request.body.cmd);
        return reply.code(201).send(result);
      },
    );

    app.get('/lab/api/plugins', { config: { access } }, () => switches.locks());
    app.post(
      '/lab/api/plugins',
      { config: { access: switching }, schema: { body: pluginAction } },
      async (request, reply) => {
        const result = await turn(request.body.plugin_name, request.body.cmd);
        return reply.code(201).send(result);
      },
    );
  };
}

function describe(
  { name, version, manifest, install, build }: FederatedExtension,
  enabled: boolean,
): JsonObject {
  const text = (key: string) => (typeof manifest[key] === 'string' ? manifest[key] : null);
  const repository = urlIn(manifest['repository']);
  return {
    name,
    description: text('description') ?? '',
    homepage_url: text('homepage') ?? repository ?? '',
    pkg_type: 'prebuilt',
    allowed: true,
    approved: false,
    companion: null,
    core: false,
    enabled,
    install: isJsonObject(install) ? install : null,
    installed: true,
    installed_version: version,
    latest_version: version,
    status: build === undefined ? 'error' : 'ok',
    author: isJsonObject(manifest['author']) ? (manifest['author']['name'] ?? null) : text('author'),
    license: text('license'),
    bug_tracker_url: urlIn(manifest['bugs']),
    documentation_url: null,
    package_manager_url: null,
    repository_url: repository,
  };
}

function urlIn(value: unknown): string | null {
  const url = isJsonObject(value) ? value['url'] : value;
  return typeof url === 'string' ? url.replace(/^git\+/, '') : null;
}
