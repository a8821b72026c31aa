// The first script of the page: loads the prebuilt extensions, then starts JupyterLab. It imports nothing that is
// shared, because what is shared is settled only once every prebuilt extension has said what it brings.
//
// Written after bootstrap.js of JupyterLab's application, which is
// Copyright (c) Jupyter Development Team, distributed under the terms of the Modified BSD License.
/* oxlint-disable no-console -- a page has no other log */
import { pageOption } from './page-config.js';

__webpack_public_path__ = `${pageOption('fullStaticUrl')}/`;

async function bootstrap() {
  const containers = await Promise.allSettled((pageOption('federated_extensions') ?? []).map(loadContainer));
  // Their files are asked for now; they are run by start.js, at their turn.
  const prebuilt = containers.flatMap(({ status, reason, value }) => {
    if (status === 'fulfilled') return requestModules(value);
    console.error(reason);
    return [];
  });
  const [{ start }] = await Promise.all([import('./start.js'), stylesApplied()]);
  await start(prebuilt);
}

async function loadContainer(data) {
  const { name, load } = data;
  await loadScript(`${pageOption('fullLabextensionsUrl')}/${name}/${load}`);
  await __webpack_init_sharing__('default');
  const container = window._JUPYTERLAB[name];
  if (!container) throw new Error(`${name}: its script brought no container`);
  await container.init(__webpack_share_scopes__.default);
  return { data, container };
}

function requestModules({ data, container }) {
  return ['mimeExtension', 'extension', 'style']
    .filter((kind) => data[kind])
    .map((kind) => {
      const factory = container.get(data[kind]);
      // Whoever runs it sees the failure; until then it is not unhandled.
      factory.catch(() => {});
      return { name: data.name, kind, factory };
    });
}

function loadScript(src) {
  const { promise, resolve, reject } = deferred();
  const script = Object.assign(document.createElement('script'), { src, async: true, onload: resolve });
  script.onerror = () => reject(new Error(`${src} did not load`));
  document.head.append(script);
  return promise;
}

/** Lumino measures its widgets as they attach, so the page's own styles have to count by then. */
function stylesApplied() {
  return Promise.all(
    [...document.querySelectorAll('link[data-perijove]')].map(async (link) => {
      const { promise, resolve } = deferred();
      link.addEventListener('load', resolve);
      link.addEventListener('error', resolve);
      if (!link.sheet) await promise;
      link.media = 'all';
    }),
  );
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

bootstrap().catch((error) => {
  console.error(error);
  const status = document.querySelector('#perijove-splash span');
  if (status) status.textContent = `It did not start: ${error}. Reloading the page may help.`;
});
