import type { OverviewKernel } from '@perijove/protocol';
import { useState, type ReactElement } from 'react';
import { Meter } from './meter.tsx';
import type { Column } from './sorting.ts';
import type { OverviewPort } from './overview-store.ts';
import { beyondPhase, cpusInWords, memoryInWords, phaseInWords, timeInWords } from './words.ts';

export interface KernelRowProps {
  readonly kernel: OverviewKernel;
  readonly hides: ReadonlySet<Column>;
  readonly mayAct: boolean;
  readonly now: number;
  readonly port: OverviewPort;
  readonly open?: ((path: string) => void) | undefined;
}

/** What is under way between a click and what comes of it. */
type Action =
  | { readonly status: 'none' }
  | { readonly status: 'asking' }
  | { readonly status: 'busy' }
  | { readonly status: 'failed'; readonly message: string };

export function KernelRow({ kernel, hides, mayAct, now, port, open }: KernelRowProps): ReactElement {
  const { phase, sentence, resources, displayName, notebook } = kernel;
  const detail = beyondPhase(phase, sentence);
  // Of one that has ended nothing is used, and nothing kept.
  const limit = phase === 'dead' ? {} : resources.limit;
  const used = phase === 'dead' ? {} : resources.used;
  return (
    <tr data-phase={phase}>
      <th scope="row" className="pjo-kernel">
        <Document notebook={notebook} fallback={displayName} open={open} />
        {notebook === undefined ? null : <span className="pjo-soft">{displayName}</span>}
      </th>
      {hides.has('user') ? null : <td>{kernel.user}</td>}
      <td className="pjo-state">
        <span className="pjo-phase">
          <span className="pjo-dot" aria-hidden="true" />
          {phaseInWords(phase)}
        </span>
        {detail === '' ? null : <span className="pjo-soft">{detail}</span>}
      </td>
      <td>
        <Meter label="CPU" used={used.cpus} limit={limit.cpus} inWords={cpusInWords} />
      </td>
      <td>
        <Meter label="Memory" used={used.memoryBytes} limit={limit.memoryBytes} inWords={memoryInWords} />
      </td>
      {hides.has('machine') ? null : (
        <td>
          {kernel.node}
          {kernel.image === undefined ? null : (
            <span className="pjo-soft" title={`Pod ${kernel.pod ?? ''}, image ${kernel.image}`}>
              {shortImage(kernel.image)}
            </span>
          )}
        </td>
      )}
      <td>
        <Time at={kernel.started} now={now} />
      </td>
      <td>
        <Time at={kernel.lastActivity} now={now} />
        {kernel.connections > 0 ? null : <span className="pjo-soft">nobody connected</span>}
      </td>
      <td className="pjo-last">{mayAct ? <Actions kernel={kernel} port={port} /> : null}</td>
    </tr>
  );
}

/** Without the registry, which is the same for all. */
function shortImage(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1);
}

function Document({
  notebook,
  fallback,
  open,
}: {
  readonly notebook: string | undefined;
  readonly fallback: string;
  readonly open: ((path: string) => void) | undefined;
}): ReactElement {
  if (notebook === undefined) return <span>{fallback}</span>;
  const slash = notebook.lastIndexOf('/');
  const name = notebook.slice(slash + 1);
  return (
    <>
      {open ? (
        <button type="button" className="pjo-link" title={`Open ${notebook}`} onClick={() => open(notebook)}>
          {name}
        </button>
      ) : (
        <span title={notebook}>{name}</span>
      )}
      {slash > 0 ? <span className="pjo-soft">in {notebook.slice(0, slash)}</span> : null}
    </>
  );
}

function Actions({
  kernel,
  port,
}: {
  readonly kernel: OverviewKernel;
  readonly port: OverviewPort;
}): ReactElement {
  const [action, setAction] = useState<Action>({ status: 'none' });
  const what = kernel.notebook ?? kernel.displayName;
  const run = async (act: () => Promise<void>): Promise<void> => {
    setAction({ status: 'busy' });
    try {
      await act();
      setAction({ status: 'none' });
    } catch (error) {
      setAction({ status: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  };
  if (action.status === 'asking') {
    const isComputing = kernel.phase === 'busy';
    return (
      <span className="pjo-actions" role="group" aria-label={`Stop the kernel of ${what}?`}>
        <span className="pjo-ask">
          {isComputing ? 'It is computing. Stop it?' : 'Its variables will be lost.'}
        </span>
        <button
          type="button"
          className="pjo-button pjo-danger"
          // The question takes the place of the button that had the focus.
          autoFocus
          onClick={() => void run(() => port.stop(kernel.id))}
        >
          Stop
        </button>
        <button type="button" className="pjo-button" onClick={() => setAction({ status: 'none' })}>
          Keep
        </button>
      </span>
    );
  }
  const isBusy = action.status === 'busy';
  return (
    <span className="pjo-actions">
      {kernel.phase === 'busy' ? (
        <button
          type="button"
          className="pjo-button"
          disabled={isBusy}
          aria-label={`Interrupt the kernel of ${what}`}
          onClick={() => void run(() => port.interrupt(kernel.id))}
        >
          Interrupt
        </button>
      ) : null}
      <button
        type="button"
        className="pjo-button"
        disabled={isBusy || kernel.phase === 'stopping'}
        aria-label={
          kernel.phase === 'dead' ? `Remove the ended kernel of ${what}` : `Stop the kernel of ${what}`
        }
        onClick={() => {
          // There is nothing to lose of one that has ended, or has not begun.
          if (kernel.phase === 'dead' || kernel.phase === 'queued') void run(() => port.stop(kernel.id));
          else setAction({ status: 'asking' });
        }}
      >
        {kernel.phase === 'dead' ? 'Remove' : kernel.phase === 'queued' ? 'Cancel' : 'Stop'}
      </button>
      {action.status === 'failed' ? (
        <span className="pjo-bad" role="alert">
          {action.message}
        </span>
      ) : null}
    </span>
  );
}

function Time({ at, now }: { readonly at: string; readonly now: number }): ReactElement {
  const date = new Date(at);
  return (
    <time dateTime={at} title={date.toLocaleString()}>
      {timeInWords(date.getTime(), now)}
    </time>
  );
}
