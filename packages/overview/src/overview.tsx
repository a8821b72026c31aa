import type { Overview as Picture } from '@perijove/protocol';
import { useEffect, useState, useSyncExternalStore, type ReactElement } from 'react';
import { KernelTable } from './kernel-table.tsx';
import { MachineCards } from './machine-cards.tsx';
import type { Column } from './sorting.ts';
import type { OverviewStore } from './overview-store.ts';
import { timeInWords } from './words.ts';

export interface OverviewProps {
  readonly store: OverviewStore;
  /** Opens the document of a kernel; absent where nothing can be opened. */
  readonly open?: ((path: string) => void) | undefined;
}

/** Relative times go on without news. */
const tickMs = 10_000;

/** Every kernel with its state and what it uses, and how full the machines are; live. */
export function Overview({ store, open }: OverviewProps): ReactElement {
  const state = useSyncExternalStore(store.subscribe, store.get);
  const now = useNow();
  if (state.status === 'loading') return <p className="pjo-note">Asking the server…</p>;
  if (state.status === 'failed') {
    return (
      <div className="pjo-note pjo-bad" role="alert">
        <p>The overview cannot be shown: {state.message}</p>
        <button type="button" className="pjo-button" onClick={() => void store.refresh()}>
          Try Again
        </button>
      </div>
    );
  }
  return (
    <div className="pjo">
      {/* Its own element at all times: only what changes in a live region is read out. */}
      <p className="pjo-stale" role="status">
        {state.status === 'stale'
          ? `The server does not answer. This is how it was ${timeInWords(state.since, now)}.`
          : ''}
      </p>
      <Shown
        store={store}
        overview={state.overview}
        now={now}
        open={open}
        isStale={state.status === 'stale'}
      />
    </div>
  );
}

interface ShownProps extends OverviewProps {
  readonly overview: Picture;
  readonly now: number;
  readonly isStale: boolean;
}

function Shown({ store, overview, now, open, isStale }: ShownProps): ReactElement {
  const { kernels, machines, viewer } = overview;
  return (
    <>
      <MachineCards machines={machines} />
      {kernels.length === 0 ? (
        <div className="pjo-empty">
          <p>
            <strong>No kernels are running.</strong>
          </p>
          <p>
            {viewer.role === 'admin'
              ? 'A kernel is listed here as soon as somebody opens a notebook and starts it.'
              : 'Your kernels are listed here as soon as you open a notebook and start one.'}
          </p>
        </div>
      ) : (
        <KernelTable
          kernels={kernels}
          isEverybodys={viewer.role === 'admin'}
          hides={needless(overview)}
          mayAct={viewer.role !== 'read' && !isStale}
          now={now}
          port={store.port}
          open={open}
        />
      )}
    </>
  );
}

/** Whose a kernel is, and where, goes without saying where it is always the same. */
function needless({ kernels, machines, viewer }: Picture): ReadonlySet<Column> {
  const hides = new Set<Column>();
  if (kernels.every(({ user }) => user === viewer.username)) hides.add('user');
  if (machines.length <= 1 && new Set(kernels.map(({ node }) => node)).size <= 1) hides.add('machine');
  return hides;
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}
