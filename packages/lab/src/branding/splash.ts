import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ISplashScreen, showDialog } from '@jupyterlab/apputils';
import { DisposableDelegate } from '@lumino/disposable';

/** After this long something is probably wrong with the layout that is being restored. */
const patienceMs = 12_000;

/** page.html reads it, so that the next visit's splash has the theme's colour and not only the system's. */
const themeKey = 'perijove:splash-theme';

/** Keeps the splash that the page came with until JupyterLab is restored, and while a theme is being changed. */
export const splash: JupyterFrontEndPlugin<ISplashScreen> = {
  id: '@perijove/lab:splash',
  description: "Provides the splash screen: the one that Perijove's page shows at once.",
  autoStart: true,
  provides: ISplashScreen,
  activate: (app) => {
    const cover = document.getElementById('perijove-splash');
    let reasons = 0;
    const hold = (): DisposableDelegate => {
      reasons += 1;
      cover?.classList.remove('done');
      return new DisposableDelegate(() => {
        reasons -= 1;
        if (reasons === 0) cover?.classList.add('done');
      });
    };

    const starting = hold();
    const offer = setTimeout(() => void offerCleanLayout(), patienceMs);
    const started = (): void => {
      clearTimeout(offer);
      starting.dispose();
    };
    void app.restored.then(started, started);

    async function offerCleanLayout(): Promise<void> {
      const { button } = await showDialog({
        title: 'Still loading…',
        body: 'This takes unusually long. Opening with an empty layout may help; your files stay as they are.',
        buttons: [
          Dialog.cancelButton({ label: 'Keep Waiting' }),
          Dialog.warnButton({ label: 'Clear Layout' }),
        ],
      });
      if (button.accept && app.commands.hasCommand('apputils:reset'))
        await app.commands.execute('apputils:reset');
    }

    return {
      show: (light = true) => {
        const theme = light ? 'light' : 'dark';
        document.documentElement.dataset['perijoveSplash'] = theme;
        localStorage.setItem(themeKey, theme);
        return hold();
      },
    };
  },
};
