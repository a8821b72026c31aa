// Collects the plugins, compiled in and prebuilt, and starts JupyterLab with them.
//
// Written after index.js of JupyterLab's application, which is
// Copyright (c) Jupyter Development Team, distributed under the terms of the Modified BSD License.
/* oxlint-disable no-console -- a page has no other log */
import { JupyterLab } from '@jupyterlab/application';
import { JupyterPluginRegistry, PageConfig } from '@jupyterlab/coreutils';
import { IConnectionStatus, IServiceManager } from '@jupyterlab/services';
import { extensions, mimeExtensions } from 'perijove-extensions';
import 'perijove-styles';
import { PluginChoice } from './plugin-choice.js';

/** `prebuilt` are the requested modules of prebuilt extensions: name, kind, and a promise of their factory. */
export async function start(prebuilt) {
  const choice = new PluginChoice(PageConfig.Extension);
  const replaced = new Set(prebuilt.filter(({ kind }) => kind !== 'style').map(({ name }) => name));
  // The compiled ones are run while the others are on their way.
  const compiledMime = requireCompiled(mimeExtensions, replaced);
  const compiled = requireCompiled(extensions, replaced);
  const arrived = await runPrebuilt(
    prebuilt.filter(({ kind, name }) => kind !== 'style' || !choice.isDisabled(name)),
  );
  const ofKind = (kind) => arrived.filter((module) => module.kind === kind);
  const mimePlugins = [...compiledMime, ...ofKind('mimeExtension')].flatMap((module) =>
    choice.active(module),
  );
  const plugins = [...compiled, ...ofKind('extension')].flatMap((module) => choice.active(module));

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

async function runPrebuilt(requested) {
  const results = await Promise.allSettled(
    requested.map(async ({ name, kind, factory }) => ({ scope: name, kind, module: (await factory)() })),
  );
  for (const { status, reason } of results) {
    if (status === 'rejected') console.error(reason);
  }
  return results.flatMap(({ status, value }) => (status === 'fulfilled' ? [value] : []));
}
