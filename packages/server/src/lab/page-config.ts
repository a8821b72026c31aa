import { pathToFileURL } from 'node:url';
import type { FederatedExtension } from './federated-extensions.ts';
import { isJsonObject, type JsonObject } from '../json-object.ts';

/** What the page tells the front end of this server. */
export interface PageFacts {
  /** With a slash at both ends. */
  readonly baseUrl: string;
  readonly appVersion: string;
  /** The release of jupyter_server whose API this is: the front end decides by it whether it may upload in chunks. */
  readonly serverVersion: readonly [number, number, number];
  /** Folder to open first, relative to the root; '' for the root. */
  readonly preferredPath: string;
  readonly terminalsAvailable: boolean;
  readonly exposeAppInBrowser: boolean;
  readonly quitButton: boolean;
  readonly customCss: boolean;
  readonly allowHidden: boolean;
  readonly deleteToTrash: boolean;
  readonly directories: {
    readonly app: string;
    readonly appSettings: string;
  };
}

/** Where what is the user's is. */
export interface UserPlaces {
  readonly rootDir: string;
  readonly settings: string;
  readonly workspaces: string;
}

/** What the address asks for. */
export interface PageRequest {
  readonly mode: 'multiple-document' | 'single-document';
  readonly workspace: string;
  readonly treePath: string;
  readonly notFoundUrl?: string;
}

const urls = {
  appUrl: '/lab',
  treeUrl: '/lab/tree',
  labextensionsUrl: '/lab/extensions',
  settingsUrl: '/lab/api/settings',
  themesUrl: '/lab/api/themes',
  translationsApiUrl: '/lab/api/translations',
  licensesUrl: '/lab/api/licenses',
  listingsUrl: '/lab/api/listings',
  workspacesApiUrl: '/lab/api/workspaces',
} as const;

/** Everything of the page's configuration that depends neither on the address nor on the user. */
export function pageConfig(
  facts: PageFacts,
  configured: JsonObject,
  extensions: readonly FederatedExtension[],
): JsonObject {
  const config: JsonObject = {
    ...defaults(facts),
    ...withoutLayersOf(configured),
    ...fixed(facts),
    disabledExtensions: disabledExtensions(configured, extensions),
    federated_extensions: extensions.flatMap(loadable),
  };
  return config;
}

/** What page_config.json may change. */
function defaults(facts: PageFacts): JsonObject {
  return {
    appName: 'Perijove',
    quitButton: facts.quitButton,
    cacheFiles: true,
    notebookStartsKernel: true,
    copyAbsolutePath: false,
    ignorePlugins: [],
    deferredExtensions: [],
    lockedExtensions: [],
    mathjaxConfig: 'TeX-AMS_HTML-full,Safe',
    // Nothing is fetched from elsewhere unless a user's own configuration says so.
    news: { disabled: true },
    extensionManager: { name: 'read-only', can_install: false, install_path: null },
  };
}

function fixed(facts: PageFacts): JsonObject {
  const at = (path: string) => facts.baseUrl + path.slice(1);
  return {
    baseUrl: facts.baseUrl,
    wsUrl: '',
    // The login cookie suffices; a token in the page's source would be one more place to steal it from.
    token: '',
    appNamespace: 'lab',
    appVersion: facts.appVersion,
    notebookVersion: JSON.stringify([...facts.serverVersion, '']),
    customCss: facts.customCss,
    devMode: false,
    exposeAppInBrowser: facts.exposeAppInBrowser,
    ...urls,
    ...Object.fromEntries(
      Object.entries(urls).map(([key, path]) => [`full${key[0]?.toUpperCase()}${key.slice(1)}`, at(path)]),
    ),
    fullStaticUrl: at('/static/lab'),
    // The front end relies on '/' for "not set".
    preferredPath: facts.preferredPath || '/',
    terminalsAvailable: facts.terminalsAvailable,
    buildAvailable: false,
    buildCheck: false,
    allow_hidden_files: facts.allowHidden,
    delete_to_trash: facts.deleteToTrash,
    appSettingsDir: facts.directories.appSettings,
    schemasDir: `${facts.directories.app}/schemas`,
    staticDir: `${facts.directories.app}/static`,
    templatesDir: facts.directories.app,
    themesDir: `${facts.directories.app}/themes`,
  };
}

/** What of the page's configuration depends on the user. */
export function userPageConfig({ rootDir, settings, workspaces }: UserPlaces): JsonObject {
  const rootUri = pathToFileURL(rootDir).href.replace(/\/$/, '');
  return {
    serverRoot: rootDir,
    rootUri,
    virtualDocumentsUri: `${rootUri}/.virtual_documents`,
    userSettingsDir: settings,
    workspacesDir: workspaces,
  };
}

/** Jupyter writes `{name: true}` where the page wants a list of names; other objects are lists of their truthy keys too. */
function withoutLayersOf(configured: JsonObject): JsonObject {
  const keepsShape = new Set(['extensionManager', 'news']);
  return Object.fromEntries(
    Object.entries(configured).map(([key, value]) => [
      key,
      isJsonObject(value) && !keepsShape.has(key) ? namesIn(value) : value,
    ]),
  );
}

function disabledExtensions(configured: JsonObject, extensions: readonly FederatedExtension[]): string[] {
  const chosen = configured['disabledExtensions'];
  const explicit: JsonObject = isJsonObject(chosen)
    ? chosen
    : Object.fromEntries(namesIn(chosen).map((name) => [name, true]));
  // It would ask everybody whether they want news that there are none of here (quiet-routes.ts).
  const disabled: JsonObject = { '@jupyterlab/apputils-extension:announcements': true };
  for (const extension of extensions) {
    if (explicit[extension.name] === true) continue;
    const jupyterlab = extension.manifest['jupyterlab'];
    for (const name of namesIn(isJsonObject(jupyterlab) ? jupyterlab['disabledExtensions'] : []))
      disabled[name] = true;
  }
  return namesIn({ ...disabled, ...explicit });
}

function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((name) => typeof name === 'string');
  return isJsonObject(value) ? Object.keys(value).filter((name) => value[name]) : [];
}

function loadable({ name, build }: FederatedExtension): JsonObject[] {
  if (build === undefined) return [];
  const { load, extension, mimeExtension, style, entrypoints } = build;
  return [
    {
      name,
      load,
      ...(extension === undefined ? {} : { extension }),
      ...(mimeExtension === undefined ? {} : { mimeExtension }),
      ...(style === undefined ? {} : { style }),
      ...(entrypoints === undefined ? {} : { entrypoints }),
    },
  ];
}
