import { ILayoutRestorer, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IDisposable } from '@lumino/disposable';
import { perijoveIcon } from '../branding/icon.ts';
import { IServerWatch, type ServerWatch } from '../connection/server-watch.ts';

const openCommand = 'perijove:open-overview';
const title = 'Kernel Overview';

/** A tab with every kernel, what it uses, and how full the machines are. */
export const overview: JupyterFrontEndPlugin<void> = {
  id: '@perijove/lab:overview',
  description: 'Shows every kernel, what it uses, and how full the machines are.',
  autoStart: true,
  requires: [IServerWatch],
  optional: [ICommandPalette, ILauncher, ILayoutRestorer, ISettingRegistry],
  activate: (
    app,
    watch: ServerWatch,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null,
    registry: ISettingRegistry | null,
  ) => {
    const tracker = new WidgetTracker<MainAreaWidget>({ namespace: 'perijove-overview' });
    app.commands.addCommand(openCommand, {
      label: title,
      caption: 'Every kernel, what it uses, and how full the machines are',
      icon: perijoveIcon,
      execute: async () => {
        let tab = tracker.currentWidget;
        if (!tab || tab.isDisposed) {
          // Not before somebody looks: it is no part of what the page needs to start.
          const { OverviewPanel } = await import('./overview-panel.tsx');
          const content = new OverviewPanel({
            settings: app.serviceManager.serverSettings,
            events: app.serviceManager.events,
            watch,
            open: (path) => void app.commands.execute('docmanager:open', { path }),
          });
          tab = new MainAreaWidget({ content });
          tab.id = 'perijove-overview';
          tab.title.label = title;
          tab.title.icon = perijoveIcon;
          tab.title.closable = true;
          await tracker.add(tab);
        }
        if (!tab.isAttached) app.shell.add(tab, 'main');
        app.shell.activateById(tab.id);
        return tab;
      },
    });
    palette?.addItem({ command: openCommand, category: 'Kernel Operations' });
    void restorer?.restore(tracker, { command: openCommand, name: () => 'overview' });
    void followSettings();

    async function followSettings(): Promise<void> {
      if (!launcher) return;
      let tile: IDisposable | undefined;
      const show = (isShown: boolean): void => {
        if (isShown) tile ??= launcher?.add({ command: openCommand, category: 'Other', rank: 3 });
        else {
          tile?.dispose();
          tile = undefined;
        }
      };
      if (!registry) return show(true);
      const settings = await registry.load(overview.id);
      const apply = (): void => show(settings.get('inLauncher').composite as boolean);
      settings.changed.connect(apply);
      apply();
    }
  },
};
