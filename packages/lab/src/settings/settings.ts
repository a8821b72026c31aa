/* oxlint-disable no-console -- a page has no other log */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import { ISettingConnector, ISettingRegistry, SettingRegistry } from '@jupyterlab/settingregistry';
import { QuickValidator } from './quick-validator.ts';

/** Provides the setting registry as JupyterLab's own plugin does, with a validator that starts sooner. */
export const settings: JupyterFrontEndPlugin<ISettingRegistry> = {
  id: '@perijove/lab:settings',
  description: 'Provides the setting registry.',
  autoStart: true,
  requires: [ISettingConnector],
  provides: ISettingRegistry,
  activate: async (app, connector: ISettingConnector) => {
    // Schemas of plugins that are not on this page (other applications leave theirs beside JupyterLab's) would
    // otherwise add their menus and toolbar buttons.
    const { values } = await connector.list('active');
    const registry = new SettingRegistry({
      connector,
      validator: new QuickValidator(),
      plugins: values.filter(({ id }) => app.hasPlugin(id)),
    });
    void app.restored.then(() => loadMissing());
    return registry;

    /** Plugins that transform their schema were not there to do so at first. */
    async function loadMissing(): Promise<void> {
      const { ids } = await connector.list('ids');
      const missing = ids.filter(
        (id) => app.hasPlugin(id) && !PageConfig.Extension.isDisabled(id) && !(id in registry.plugins),
      );
      await Promise.all(
        missing.map((id) =>
          registry.load(id).catch((error: unknown) => {
            console.warn(`The settings of ${id} could not be loaded`, error);
          }),
        ),
      );
    }
  },
};
