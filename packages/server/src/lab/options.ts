import { Type } from 'typebox';

export const labOptions = {
  exposeAppInBrowser: {
    schema: Type.Boolean({ default: false }),
    help: 'Make JupyterLab reachable as window.jupyterapp, for tests and experiments.',
  },
  preferredPath: {
    schema: Type.String({ default: '' }),
    help: 'Folder that the file browser opens first, relative to the root.',
  },
  quitButton: {
    schema: Type.Boolean({ default: true }),
    help: 'Offer "Shut Down" in the File menu.',
  },
  extraLabextensionsPath: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: 'More folders of prebuilt extensions, searched before those of Jupyter.',
  },
  customCss: {
    schema: Type.Boolean({ default: false }),
    help: "Load the user's custom/custom.css into the page.",
  },
  lockAllPlugins: {
    schema: Type.Boolean({ default: false }),
    help: 'Do not let the plugins of JupyterLab be enabled or disabled in the browser.',
  },
} as const;
