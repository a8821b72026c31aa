import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';
import { perijoveIcon } from './icon.ts';

const aboutCommand = 'perijove:about';
/** The stock command of the same purpose; other extensions and shortcuts may call it by name. */
const stockAboutCommand = 'help:about';

/** Filled in by the build. */
declare const PERIJOVE_VERSION: string;
declare const PERIJOVE_JUPYTERLAB_VERSION: string;

/** Help → About: what this is, which version, and what it is built on. */
export const about: JupyterFrontEndPlugin<void> = {
  id: '@perijove/lab:about',
  description: 'Says what this is, which version, and what it is built on.',
  autoStart: true,
  optional: [ICommandPalette],
  activate: (app, palette: ICommandPalette | null) => {
    const show = async (): Promise<void> => {
      const body = describe(app.name);
      const { button } = await showDialog({
        title: `About ${app.name}`,
        body,
        buttons: [Dialog.createButton({ label: 'Licences' }), Dialog.cancelButton({ label: 'Close' })],
        defaultButton: 1,
      });
      if (button.label === 'Licences') await app.commands.execute('apputils:licenses');
    };
    app.commands.addCommand(aboutCommand, { label: `About ${app.name}`, execute: show });
    app.commands.addCommand(stockAboutCommand, {
      label: `About ${app.name}`,
      execute: show,
      isVisible: () => false,
    });
    palette?.addItem({ command: aboutCommand, category: 'Help' });
  },
};

function describe(name: string): Widget {
  const node = document.createElement('div');
  node.className = 'perijove-About';
  perijoveIcon.element({ container: node, width: '96px', height: '96px' });
  node.append(
    line('perijove-About-name', name),
    line('', `Version ${PERIJOVE_VERSION}`),
    line('', 'Notebooks whose kernels never take the machine down with them.'),
    line(
      'perijove-About-small',
      `Built on JupyterLab ${PERIJOVE_JUPYTERLAB_VERSION} and Jupyter’s protocols.`,
    ),
    line(
      'perijove-About-small',
      '© Perijove contributors; BSD-3-Clause. JupyterLab: © Project Jupyter contributors.',
    ),
  );
  return new Widget({ node });
}

function line(className: string, text: string): HTMLElement {
  const element = document.createElement('div');
  element.className = className;
  element.textContent = text;
  return element;
}
