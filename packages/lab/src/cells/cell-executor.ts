import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { ICodeCellModel } from '@jupyterlab/cells';
import { INotebookCellExecutor, runCell } from '@jupyterlab/notebook';
import { hasDeadKernel, offerToStartAgain } from './dead-kernel.ts';
import { kernelOnItsWay } from './kernel-on-its-way.ts';

/**
 * Runs a cell when there is a kernel for it. JupyterLab drops, without a word, one that is run before its session is made or
 * after its kernel died.
 */
export const cellExecutor: JupyterFrontEndPlugin<INotebookCellExecutor> = {
  id: '@perijove/lab:cell-executor',
  description:
    'Runs cells; those that are run before there is a kernel wait for it, and a dead one can be started again.',
  autoStart: true,
  provides: INotebookCellExecutor,
  activate: () =>
    Object.freeze({
      runCell: async (options: INotebookCellExecutor.IRunCellOptions): Promise<boolean> => {
        const { cell, sessionContext } = options;
        if (cell.model.type === 'code' && sessionContext) {
          const arrival = kernelOnItsWay(sessionContext);
          if (arrival) {
            if (cell.model.sharedModel.getSource().trim())
              (cell.model as ICodeCellModel).executionState = 'running';
            await arrival;
            if (cell.isDisposed) return false;
          }
          if (hasDeadKernel(sessionContext) && cell.model.sharedModel.getSource().trim()) {
            const started = await offerToStartAgain(sessionContext);
            if (!started || cell.isDisposed) return false;
          }
        }
        return runCell(options);
      },
    }),
};
