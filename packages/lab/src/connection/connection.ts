import { IConnectionLost, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ConnectionNotice } from './connection-notice.ts';
import { reconnectAll, serverLostEvent } from './reconnect.ts';
import { IServerWatch, type ServerWatch } from './server-watch.ts';

const tryNowCommand = 'perijove:try-server-now';
/** JupyterHub's, where there is one. */
const restartServerCommand = 'hub:restart';

/**
 * Notices that the server is gone and that it is back, says so, and connects everything again. JupyterLab alone looks
 * for it every 10 to 30 seconds and leaves its dialog open.
 */
export const connection: JupyterFrontEndPlugin<IConnectionLost> = {
  id: '@perijove/lab:connection',
  description: 'Finds a server that was lost as soon as it is back.',
  autoStart: true,
  provides: IConnectionLost,
  requires: [IServerWatch],
  optional: [ISettingRegistry, ICommandPalette],
  activate: (app, watch: ServerWatch, registry: ISettingRegistry | null, palette: ICommandPalette | null) => {
    let noticeAfterMs = 2000;
    const notice = new ConnectionNotice({
      onTryNow: () => watch.hurry(),
      restartServer: () =>
        app.commands.hasCommand(restartServerCommand)
          ? () => void app.commands.execute(restartServerCommand)
          : undefined,
    });
    watch.changed.connect((_, { status }) => {
      app.commands.notifyCommandChanged(tryNowCommand);
      if (status === 'lost') {
        notice.lost(noticeAfterMs);
      } else {
        notice.back();
        void reconnectAll(app);
      }
    });

    addEventListener(serverLostEvent, () => watch.suspect());
    addEventListener('offline', () => watch.suspect());
    addEventListener('online', () => watch.hurry());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) watch.hurry();
    });

    app.commands.addCommand(tryNowCommand, {
      label: 'Try to Reach the Server Now',
      isEnabled: () => watch.state.status === 'lost',
      execute: () => watch.check(),
    });
    palette?.addItem({ command: tryNowCommand, category: 'Kernel Operations' });
    if (registry) void followSettings(registry);

    async function followSettings(settingRegistry: ISettingRegistry): Promise<void> {
      const settings = await settingRegistry.load(connection.id);
      const apply = (): void => {
        const seconds = (name: string): number => (settings.get(name).composite as number) * 1000;
        noticeAfterMs = seconds('noticeAfter');
        watch.policy = { firstMs: seconds('firstRetry'), longestMs: seconds('longestRetry') };
      };
      settings.changed.connect(apply);
      apply();
    }

    // JupyterLab's managers found that a request of theirs did not reach the server.
    return async () => watch.suspect();
  },
};
