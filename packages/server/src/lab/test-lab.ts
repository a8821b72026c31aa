import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { jupyterPaths } from '@perijove/kernels';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import pino from 'pino';
import { createTestApp, type TestAppOptions, withToken } from '../http/test-app.ts';
import type { LabDeps } from './lab-deps.ts';
import { labRoutes } from './lab-routes.ts';

/** The routes of JupyterLab over a folder of their own, with a small front end in it; for tests. */
export interface TestLab {
  readonly app: FastifyInstance;
  readonly folder: string;
  /** What was logged, as it was written. */
  readonly logged: () => string;
  get(url: string): Promise<LightMyRequestResponse>;
  put(url: string, payload: unknown): Promise<LightMyRequestResponse>;
  post(url: string, payload: unknown): Promise<LightMyRequestResponse>;
  /** Writes files, given by their paths from the folder; what is no text is written as JSON. */
  write(files: Readonly<Record<string, unknown>>): Promise<void>;
  remove(): Promise<void>;
}

const frontEnd = {
  'app/manifest.json': { version: '0.1.0', appVersion: '4.6.6' },
  'app/page.html': `<title>{{title}}</title><script id="jupyter-config-data" type="application/json">{{config}}</script>{{customHead}}
<link href="{{baseUrl}}static/favicons/favicon.ico" /><script src="{{staticUrl}}/main.0123456789abcdef.js"></script>`,
  'app/schemas/@jupyterlab/a-extension/package.json.orig': { version: '4.6.6' },
  'app/schemas/@jupyterlab/a-extension/plugin.json': {
    title: 'A',
    type: 'object',
    properties: {
      flag: { type: 'boolean', default: false },
      size: { type: 'object', default: { rows: 1, cols: 2 } },
    },
    additionalProperties: false,
  },
  'app/schemas/@jupyterlab/b-extension/plugin.json': { title: 'B', type: 'object', properties: {} },
};

/** `deps` replaces what the routes are told, `baseUrl` where they are. */
export async function createTestLab(
  deps: Partial<LabDeps> = {},
  appOptions: Pick<TestAppOptions, 'authenticator'> = {},
): Promise<TestLab> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'perijove-lab-')));
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const write: TestLab['write'] = async (files) => {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
    }
  };
  await write(frontEnd);
  const paths = {
    ...jupyterPaths({ JUPYTER_CONFIG_DIR: join(folder, 'config') }, folder, 'linux'),
    configPath: [join(folder, 'config'), join(folder, 'etc')],
    dataPath: [join(folder, 'env/share/jupyter'), join(folder, 'data')],
    labExtensionsPath: [join(folder, 'env/share/jupyter/labextensions'), join(folder, 'data/labextensions')],
  };
  const baseUrl = deps.baseUrl ?? '/';
  const routes = labRoutes({
    baseUrl,
    appDir: join(folder, 'app'),
    paths,
    dataDir: join(folder, 'perijove'),
    rootDir: join(folder, 'root'),
    serverVersion: [2, 17, 0],
    terminalsAvailable: true,
    quitButton: true,
    allowHidden: false,
    deleteToTrash: true,
    exposeAppInBrowser: false,
    pythons: async () => [],
    log,
    ...deps,
  });
  const app = await createTestApp([routes], { http: { baseUrl }, logger: log, ...appOptions });
  return {
    app,
    folder,
    write,
    logged: () => lines.join(''),
    get: (url) => app.inject({ url, headers: withToken }),
    put: (url, payload) => app.inject({ method: 'PUT', url, headers: withToken, payload: textOf(payload) }),
    post: (url, payload) => app.inject({ method: 'POST', url, headers: withToken, payload: textOf(payload) }),
    remove: async () => {
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function textOf(payload: unknown): string {
  return typeof payload === 'string' ? payload : JSON.stringify(payload);
}
