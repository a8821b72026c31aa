import { join } from 'node:path';
import type { FastifyRequest } from 'fastify';
import { createUserData, userDataFolders } from '../auth/user-data.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { normalizeBaseUrl } from '../http/site.ts';
import { extensionFileRoutes } from './extension-files.ts';
import { extensionManagerRoutes } from './extension-manager.ts';
import { FederatedExtensions } from './federated-extensions.ts';
import { JsonFiles } from './json-files.ts';
import type { LabDeps } from './lab-deps.ts';
import { LanguagePacks } from './language-packs.ts';
import { licenseRoutes } from './licenses.ts';
import { defaultLocale, isLocale, localeOf, pseudoLocale } from './locale.ts';
import { PageConfigSource } from './page-config-source.ts';
import { pageRoutes } from './page-routes.ts';
import { PluginSwitches } from './plugin-switches.ts';
import { quietRoutes } from './quiet-routes.ts';
import { schemaTranslation } from './settings/schema-translation.ts';
import { settingsRoutes } from './settings/settings-routes.ts';
import { SchemaFiles } from './settings/schema-files.ts';
import { SchemaValidator } from './settings/schema-validator.ts';
import { SettingsStore } from './settings/settings-store.ts';
import { themeRoutes } from './themes.ts';
import { translationRoutes } from './translations.ts';
import { Warnings } from './warnings.ts';
import { WorkspaceStore, workspaceRoutes } from './workspaces.ts';

const translationSettings = '@jupyterlab/translation-extension:plugin';

/** Everything of JupyterLab: its page, and what its own extensions ask of their server. */
export function labRoutes(deps: LabDeps): RoutePlugin {
  const { appDir, paths, log } = deps;
  const baseUrl = normalizeBaseUrl(deps.baseUrl);
  const files = new JsonFiles();
  const warnings = new Warnings(log);
  const federated = new FederatedExtensions(files, [
    ...(deps.extraLabExtensionsPath ?? []),
    ...paths.labExtensionsPath,
  ]);
  const appSettingsDirs = deps.labDir
    ? [join(deps.labDir, 'settings')]
    : paths.dataPath.map((folder) => join(folder, 'lab', 'settings')).toReversed();
  const common = { files, federated, warnings, appSettingsDirs, configPath: paths.configPath };
  const packs = new LanguagePacks(files, paths.dataPath, deps.pythons);
  const systemLocale = localeOf(deps.systemLocale);

  const schemas = new SchemaFiles(files, join(appDir, 'schemas'));
  const validator = new SchemaValidator();
  const open = (folders: { settings: string; workspaces: string }) => {
    const settings: SettingsStore = new SettingsStore({
      ...common,
      schemas,
      validator,
      userDir: folders.settings,
      translation: schemaTranslation(packs, () => localeIn(settings)),
    });
    return { folders, settings, workspaces: new WorkspaceStore(folders.workspaces, warnings) };
  };
  const dataOf = createUserData({
    dataDir: deps.dataDir,
    ofAccount: open({ settings: paths.labSettingsDir, workspaces: paths.labWorkspacesDir }),
    open: (folder) => open(userDataFolders(folder)),
  });
  const settingsOf = async (request: FastifyRequest) => (await dataOf(request)).settings;
  const placesOf = async (request: FastifyRequest) => {
    const [{ folders }, userFiles] = await Promise.all([
      dataOf(request),
      deps.filesOf?.(request.user?.username ?? ''),
    ]);
    return { ...folders, rootDir: userFiles?.rootDir ?? deps.rootDir };
  };
  const localeIn = async (settings: SettingsStore): Promise<string> => {
    const chosen = (await settings.userSettings(translationSettings))['locale'];
    if (typeof chosen !== 'string' || chosen === 'default') return systemLocale;
    return isLocale(chosen) || chosen === pseudoLocale ? chosen : defaultLocale;
  };
  const page = new PageConfigSource({
    ...common,
    facts: {
      baseUrl,
      serverVersion: deps.serverVersion,
      preferredPath: deps.preferredPath ?? '',
      terminalsAvailable: deps.terminalsAvailable,
      exposeAppInBrowser: deps.exposeAppInBrowser,
      quitButton: deps.quitButton,
      customCss: deps.customCss ?? false,
      allowHidden: deps.allowHidden,
      deleteToTrash: deps.deleteToTrash,
      directories: {
        app: appDir,
        appSettings: appSettingsDirs.at(-1) ?? '',
      },
    },
  });
  const switches = new PluginSwitches(files, paths, deps.lockAllPlugins ?? false);

  return async (app) => {
    // By the time the browser has loaded the scripts and asks for the settings, they are there.
    const prepareSettings = (request: FastifyRequest) => {
      setImmediate(() => {
        settingsOf(request)
          .then((settings) => settings.list())
          .catch((error: unknown) => log.warn({ err: error }, 'Settings could not be prepared'));
      });
    };
    await app.register(pageRoutes(appDir, page, placesOf, prepareSettings));
    await app.register(settingsRoutes(settingsOf));
    await app.register(workspaceRoutes(async (request) => (await dataOf(request)).workspaces));
    await app.register(
      translationRoutes({
        packs,
        systemLocale,
        userLocale: async (request) => localeIn(await settingsOf(request)),
      }),
    );
    await app.register(extensionFileRoutes(federated));
    await app.register(themeRoutes(federated, join(appDir, 'themes'), `${baseUrl}lab/api/themes`));
    await app.register(licenseRoutes({ files, federated, appDir, warnings }));
    await app.register(extensionManagerRoutes(federated, switches));
    await app.register(quietRoutes());
  };
}
