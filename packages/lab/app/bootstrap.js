// The first script of the page: loads the prebuilt extensions, then starts JupyterLab. It imports nothing that is
// shared, because what is shared is settled only once every prebuilt extension has said what it brings.
//
// Written after bootstrap.js of JupyterLab's application, which is
// Copyright (c) Jupyter Development Team, distributed under the terms of the Modified BSD License.
import { pageOption } from './page-config.js';

__webpack_public_path__ = `${pageOption('fullStaticUrl')}/`;

async function bootstrap() {
  const prebuilt = await Promise.allSettled((pageOption('federated_extensions') ?? []).map(loadContainer));
  for (const { status, reason } of prebuilt) {
    if (status === 'rejected') console.error(reason);
  }
  const [{ start }] = await Promise.all([import('./start.js'), stylesApplied()]);
  await start();
}

async function loadContainer({ name, load }) {
  await loadScript(`${pageOption('fullLabextensionsUrl')}/${name}/${load}`);
  await __webpack_init_sharing__('default');
  await window._JUPYTERLAB[name].init(__webpack_share_scopes__.default);
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
