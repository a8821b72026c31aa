import type { JupyterPaths } from '@perijove/kernels';
import type { FastifyBaseLogger } from 'fastify';
import type { FilesOf } from '../contents/user-files.ts';

/** What the routes of JupyterLab need of the rest of the server. */
export interface LabDeps {
  /** Under which the plugin is registered. */
  readonly baseUrl: string;
  /** The built front end: page.html, manifest.json, static/, schemas/, themes/, third-party-licenses.json. */
  readonly appDir: string;
  /** JUPYTERLAB_DIR, if set: its `settings/` replaces those found along the data path. */
  readonly labDir?: string | undefined;
  readonly paths: JupyterPaths;
  /** Perijove's own data, with what users other than the account set. */
  readonly dataDir: string;
  readonly rootDir: string;
  /** With a root for each user. */
  readonly filesOf?: FilesOf | undefined;
  readonly preferredPath?: string;
  readonly serverVersion: readonly [number, number, number];
  readonly terminalsAvailable: boolean;
  readonly quitButton: boolean;
  readonly allowHidden: boolean;
  readonly deleteToTrash: boolean;
  readonly exposeAppInBrowser: boolean;
  /** Extra folders of prebuilt extensions, searched before the others. */
  readonly extraLabExtensionsPath?: readonly string[];
  readonly lockAllPlugins?: boolean;
  /** Whether the page loads the user's `custom/custom.css`. */
  readonly customCss?: boolean;
  /** Commands of the kernelspecs: the site-packages of those that are Pythons may hold language packs. Asked when needed. */
  readonly pythons: () => Promise<readonly string[]>;
  /** LANG or the like: the language of users who chose none. */
  readonly systemLocale?: string | undefined;
  readonly log: FastifyBaseLogger;
}
