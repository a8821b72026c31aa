import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, type ISessionContext, type MainAreaWidget } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { StartBanner } from './start-banner.ts';
import { watchStart } from './watch-start.ts';

const cancelCommand = 'perijove:cancel-kernel-start';

type WithSession = Pick<MainAreaWidget, 'contentHeader' | 'disposed' | 'isDisposed'> & {
  readonly sessionContext: ISessionContext;
};

/** While the kernel of a notebook or console is on its way, says where it is, for how long, and offers to call it off. */
export const kernelStart: JupyterFrontEndPlugin<void> = {
  id: '@perijove/lab:kernel-start',
  description: 'Says where the start of a kernel is, for how long, and offers to call it off.',
  autoStart: true,
  optional: [INotebookTracker, IConsoleTracker, ICommandPalette, ISettingRegistry],
  activate: (
    app,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
  ) => {
    let isOn = true;
    let afterMs = 1000;
    const starting = new Map<WithSession, StartBanner>();

    const cancel = async ({ sessionContext }: WithSession): Promise<void> => {
      // Ends the session and its kernel, queued or half started, and leaves nothing of it.
      await sessionContext.shutdown();
    };
    const follow = (widget: WithSession): void => {
      const banner = new StartBanner(() => void cancel(widget));
      widget.contentHeader.addWidget(banner);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const hide = (): void => {
        clearTimeout(timer);
        timer = undefined;
        banner.hide();
        starting.delete(widget);
        app.commands.notifyCommandChanged(cancelCommand);
      };
      const end = watchStart({
        context: widget.sessionContext,
        services: app.serviceManager,
        onChange: (progress) => {
          if (progress.length === 0) return hide();
          banner.progress = progress;
          if (!starting.has(widget)) {
            starting.set(widget, banner);
            app.commands.notifyCommandChanged(cancelCommand);
          }
          // A start that is over in a moment is not talked about.
          timer ??= setTimeout(() => {
            if (isOn && starting.has(widget)) banner.show();
          }, afterMs);
        },
      });
      widget.disposed.connect(() => {
        end();
        hide();
      });
    };
    notebooks?.forEach(follow);
    notebooks?.widgetAdded.connect((_, panel) => follow(panel));
    consoles?.forEach(follow);
    consoles?.widgetAdded.connect((_, panel) => follow(panel));

    const inFront = (): WithSession | undefined =>
      [...starting.keys()].find((widget) => (widget as unknown) === app.shell.currentWidget);
    app.commands.addCommand(cancelCommand, {
      label: 'Cancel the Start of the Kernel',
      isEnabled: () => inFront() !== undefined,
      execute: async () => {
        const widget = inFront();
        if (widget) await cancel(widget);
      },
    });
    palette?.addItem({ command: cancelCommand, category: 'Kernel Operations' });
    if (registry) void followSettings(registry);

    async function followSettings(settingRegistry: ISettingRegistry): Promise<void> {
      const settings = await settingRegistry.load(kernelStart.id);
      const apply = (): void => {
        isOn = settings.get('banner').composite as boolean;
        afterMs = (settings.get('after').composite as number) * 1000;
        for (const banner of starting.values()) {
          if (isOn) banner.show();
          else banner.hide();
        }
      };
      settings.changed.connect(apply);
      apply();
    }
  },
};
