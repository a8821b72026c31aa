// Collects the plugins, compiled in and prebuilt, and starts JupyterLab with them.
//
// Written after index.js of JupyterLab's application, which is
// Copyright (c) Jupyter Development Team, distributed under the terms of the Modified BSD License.
import { JupyterLab } from '@jupyterlab/application';
import { JupyterPluginRegistry, PageConfig } from '@jupyterlab/coreutils';
import { IConnectionStatus, IServiceManager } from '@jupyterlab/services';
import { extensions, mimeExtensions } from 'perijove-extensions';
import 'perijove-styles';
import { PluginChoice } from './plugin-choice.js';

export async function start() {
  const choice = new PluginChoice(PageConfig.Extension);
  const prebuilt = JSON.parse(PageConfig.getOption('federated_extensions') || '[]');
  const replaced = new Set(
    prebuilt.filter((data) => data.extension || data.mimeExtension).map((data) => data.name),
  );

  const modules = await Promise.all([
    loadPrebuilt(prebuilt, 'mimeExtension'),
    loadPrebuilt(prebuilt, 'extension'),
    loadPrebuilt(
      prebuilt.filter(({ name }) => !choice.isDisabled(name)),
      'style',
    ),
  ]);
  const mimePlugins = [...requireCompiled(mimeExtensions, replaced), ...modules[0]].flatMap((module) =>
    choice.active(module),
  );
  const plugins = [...requireCompiled(extensions, replaced), ...modules[1]].flatMap((module) =>
    choice.active(module),
  );

  const pluginRegistry = new JupyterPluginRegistry();
  pluginRegistry.registerPlugins(choice.withoutReplaced(plugins));
  const connectionStatus = await pluginRegistry.resolveOptionalService(IConnectionStatus);
  const serviceManager = await pluginRegistry.resolveRequiredService(IServiceManager);

  const lab = new JupyterLab({
    pluginRegistry,
    serviceManager,
    connectionStatus,
    mimeExtensions: mimePlugins,
    disabled: { matches: choice.disabled, patterns: [] },
    deferred: { matches: choice.deferred, patterns: [] },
    availablePlugins: choice.available,
  });
  if (isOn('exposeAppInBrowser') || isOn('devMode')) window.jupyterapp = lab;
  await lab.start({ ignorePlugins: choice.deferred, bubblingKeydown: true });
}

function isOn(option) {
  return PageConfig.getOption(option).toLowerCase() === 'true';
}

/** Extensions that are compiled in and not replaced by a prebuilt one of the same name. */
function requireCompiled(table, replaced) {
  const loaded = [];
  for (const [scope, load] of Object.entries(table)) {
    if (replaced.has(scope)) continue;
    try {
      loaded.push({ scope, module: load() });
    } catch (error) {
      console.error(`${scope} could not be loaded`, error);
    }
  }
  return loaded;
}

/** `kind` is which of its exposed modules: extension, mimeExtension or style. */
async function loadPrebuilt(prebuilt, kind) {
  const wanted = prebuilt.filter((data) => data[kind]);
  const results = await Promise.allSettled(
    wanted.map(async ({ name, [kind]: request }) => {
      const container = window._JUPYTERLAB[name];
      if (!container) throw new Error(`${name}: its script brought no container`);
      return { scope: name, module: (await container.get(request))() };
    }),
  );
  for (const { status, reason } of results) {
    if (status === 'rejected') console.error(reason);
  }
  return results.flatMap(({ status, value }) => (status === 'fulfilled' ? [value] : []));
}
