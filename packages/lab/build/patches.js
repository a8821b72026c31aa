// Corrections to JupyterLab's packages, made while they are bundled. Each has to be found exactly as often as it
// says, so that an upgrade that no longer needs it, or breaks it, fails the build.
import { fileURLToPath } from 'node:url';

const sessionContext = /@jupyterlab[\\/]apputils[\\/]lib[\\/]sessioncontext\.js$/;
const kernelConnection = /@jupyterlab[\\/]services[\\/]lib[\\/]kernel[\\/]default\.js$/;

export const patches = [
  {
    // The command that restores the workspace also waits until it has been saved again, debounced by half a second
    // or more, and the router waits for the command: until then there is no launcher and no list of files.
    file: /@jupyterlab[\\/]apputils-extension[\\/]lib[\\/]index\.js$/,
    find: '// After the state database has finished loading, save it.\n                await save.invoke();',
    replace: 'void save.invoke();',
  },
  {
    // The kernel, and which one it is to be, waited until the server had made a checkpoint, while cells could be run already:
    // cell-executor.ts could not know then what it waits for. Nobody needs that checkpoint before the first save.
    file: /@jupyterlab[\\/]docregistry[\\/]lib[\\/]context\.js$/,
    find: 'await this._maybeCheckpoint(false);',
    replace: 'this._maybeCheckpoint(false).catch(reason => console.error(reason));',
  },
  {
    // A kernel whose server does not answer waits 10 to 30 seconds, blindly. The connection plugin knows when it is back, and it is
    // told by this that it is lost.
    file: kernelConnection,
    find: 'setTimeout(getKernelModel, timeout, evt);',
    replace:
      "const again = () => { clearTimeout(timer); removeEventListener('perijove:server-back', back); void getKernelModel(evt); };" +
      'const back = () => { this._reconnectAttempt = 0; again(); };' +
      "const timer = setTimeout(again, timeout); addEventListener('perijove:server-back', back);" +
      "dispatchEvent(new Event('perijove:server-lost'));",
  },
  // What a kernel died of is shown as an error of its start, with its last words folded away.
  {
    file: sessionContext,
    find: 'void this._displayKernelError(model.reason, traceback);',
    replace:
      "void this._displayKernelError(model.reason, traceback, this._trans.__('Kernel Is Not Running'));",
  },
  {
    file: sessionContext,
    find: '_displayKernelError(message, traceback) {',
    replace: '_displayKernelError(message, traceback, deathTitle) {',
  },
  {
    file: sessionContext,
    find: 'React.createElement("details", { className: "jp-mod-wide" },',
    replace: 'React.createElement("details", { className: "jp-mod-wide", open: deathTitle !== undefined },',
  },
  {
    file: sessionContext,
    find: "title: this._trans.__('Error Starting Kernel'),",
    replace: "title: deathTitle ?? this._trans.__('Error Starting Kernel'),",
  },
  {
    file: sessionContext,
    find: 'body,\n            buttons: [Dialog.okButton()]\n        }));\n        await dialog.launch();',
    replace:
      'body, buttons: deathTitle === undefined ? [Dialog.okButton()] : [' +
      "Dialog.cancelButton({ label: this._trans.__('Leave It') }), Dialog.okButton({ label: this._trans.__('Start It Again') })" +
      '] }));' +
      'const { button } = await dialog.launch();' +
      'if (deathTitle !== undefined && button.accept && !this.isDisposed)' +
      ' void this.changeKernel({ name: this._prevKernelName }).catch(() => { /* it says so itself */ });',
  },
  {
    // One that dies while its session is still being set up said so before anybody here listened.
    file: sessionContext,
    find: "(_c = session === null || session === void 0 ? void 0 : session.kernel) === null || _c === void 0 ? void 0 : _c.status) || 'unknown');",
    replace:
      "(_c = session === null || session === void 0 ? void 0 : session.kernel) === null || _c === void 0 ? void 0 : _c.status) || 'unknown');" +
      "if (session?.kernel?.status === 'dead') this._onStatusChanged(session, 'dead');",
  },
  {
    // The connection to a kernel that died is disposed, and restarting one that is does nothing, after having asked.
    file: sessionContext,
    find: 'if (!kernel && sessionContext.prevKernelName) {',
    replace: 'if ((!kernel || kernel.isDisposed) && sessionContext.prevKernelName) {',
  },
];

export const patchRules = [...new Set(patches.map(({ file }) => file))].map((file) => ({
  test: file,
  loader: fileURLToPath(import.meta.url),
}));

/** The loader itself: rspack calls it with each of those files. */
export default function patch(source) {
  return applyPatches(this.resourcePath, source);
}

export function applyPatches(path, source) {
  let patched = source;
  for (const { file, find, replace } of patches.filter((candidate) => candidate.file.test(path))) {
    const found = patched.split(find).length - 1;
    if (found !== 1)
      throw new Error(`a patch of ${path} fits ${found} times; see build/patches.js for ${file}`);
    patched = patched.replace(find, () => replace);
  }
  return patched;
}
