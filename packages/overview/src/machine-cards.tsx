import type { OverviewMachine } from '@perijove/protocol';
import type { ReactElement } from 'react';
import { Meter } from './meter.tsx';
import { cpusInWords, memoryInWords } from './words.ts';

/** How full each machine is: what kernels there use, of what they were promised, of what there is. */
export function MachineCards({
  machines,
}: {
  readonly machines: readonly OverviewMachine[];
}): ReactElement | null {
  if (machines.length === 0) return null;
  return (
    <section className="pjo-machines" aria-label="Machines">
      {machines.map(({ name, capacity, allocated, used }) => (
        <article key={name} className="pjo-machine">
          <h2>{name}</h2>
          <Meter
            label="Memory"
            used={used.memoryBytes}
            promised={allocated.memoryBytes}
            limit={capacity.memoryBytes}
            inWords={memoryInWords}
          />
          <Meter
            label="Processors"
            used={used.cpus}
            promised={allocated.cpus}
            limit={capacity.cpus}
            inWords={cpusInWords}
          />
        </article>
      ))}
    </section>
  );
}
