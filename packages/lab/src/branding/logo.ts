import { ILabShell, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Widget } from '@lumino/widgets';
import { perijoveIcon } from './icon.ts';

const toggleCommand = 'perijove:toggle-logo';

/** Shows Perijove's mark in the top left corner. */
export const logo: JupyterFrontEndPlugin<void> = {
  id: '@perijove/lab:logo',
  description: "Shows Perijove's mark in the top left corner.",
  autoStart: true,
  requires: [ILabShell],
  optional: [ISettingRegistry],
  activate: (app, shell: ILabShell, registry: ISettingRegistry | null) => {
    const mark = new Widget();
    // The id that JupyterLab's own styles and other extensions know.
    mark.id = 'jp-MainLogo';
    perijoveIcon.element({
      container: mark.node,
      elementPosition: 'center',
      margin: '2px 2px 2px 8px',
      height: 'auto',
      width: '18px',
    });
    shell.add(mark, 'top', { rank: 0 });
    if (registry) void followSettings(registry);

    async function followSettings(settingRegistry: ISettingRegistry): Promise<void> {
      const settings = await settingRegistry.load(logo.id);
      const apply = (): void => {
        mark.setHidden(settings.get('visible').composite === false);
        app.commands.notifyCommandChanged(toggleCommand);
      };
      settings.changed.connect(apply);
      app.commands.addCommand(toggleCommand, {
        label: `Show ${app.name} Logo`,
        isToggled: () => mark.isVisible,
        execute: () => settings.set('visible', mark.isHidden),
      });
      apply();
    }
  },
};
