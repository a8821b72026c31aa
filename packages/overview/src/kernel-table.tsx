import type { OverviewKernel } from '@perijove/protocol';
import { useState, type ReactElement } from 'react';
import { KernelRow } from './kernel-row.tsx';
import type { OverviewPort } from './overview-store.ts';
import { chooseColumn, sorted, type Column, type Sorting } from './sorting.ts';

export interface KernelTableProps {
  readonly kernels: readonly OverviewKernel[];
  /** Not only the viewer's own. */
  readonly isEverybodys: boolean;
  /** Columns that say the same of all of them are left out. */
  readonly hides: ReadonlySet<Column>;
  readonly mayAct: boolean;
  readonly now: number;
  readonly port: OverviewPort;
  readonly open?: ((path: string) => void) | undefined;
}

const columns: readonly (readonly [Column, string])[] = [
  ['kernel', 'Kernel'],
  ['user', 'User'],
  ['state', 'State'],
  ['cpu', 'CPU'],
  ['memory', 'Memory'],
  ['machine', 'Machine'],
  ['started', 'Started'],
  ['active', 'Last active'],
];

export function KernelTable({
  kernels,
  isEverybodys,
  hides,
  mayAct,
  now,
  port,
  open,
}: KernelTableProps): ReactElement {
  const [sorting, setSorting] = useState<Sorting>({ column: 'started', descending: true });
  const count = `${kernels.length} kernel${kernels.length === 1 ? '' : 's'}`;
  return (
    <div className="pjo-scroll" role="region" aria-label="Kernels" tabIndex={0}>
      <table className="pjo-table">
        <caption>{isEverybodys ? count : `${count} of yours`}</caption>
        <thead>
          <tr>
            {columns
              .filter(([column]) => !hides.has(column))
              .map(([column, title]) => (
                <th key={column} scope="col" aria-sort={ariaSort(sorting, column)}>
                  <button type="button" onClick={() => setSorting(chooseColumn(sorting, column))}>
                    {title}
                    <span className="pjo-arrow" aria-hidden="true">
                      {sorting.column === column ? (sorting.descending ? '▾' : '▴') : ''}
                    </span>
                  </button>
                </th>
              ))}
            <th scope="col" className="pjo-last">
              <span className="pjo-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted(kernels, sorting).map((kernel) => (
            <KernelRow
              key={kernel.id}
              kernel={kernel}
              hides={hides}
              mayAct={mayAct}
              now={now}
              port={port}
              open={open}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ariaSort({ column: by, descending }: Sorting, column: Column): 'ascending' | 'descending' | 'none' {
  if (by !== column) return 'none';
  return descending ? 'descending' : 'ascending';
}
