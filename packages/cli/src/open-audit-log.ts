import { kernelDeathSchemaId } from '@perijove/kernels';
import { AuditLog, type JupyterEventBus } from '@perijove/server';
import type { Logger } from 'pino';

/** The audit log of a server. What nobody asked for is in it too: a kernel that died, was culled, or ran out of memory. */
export function openAuditLog(
  options: ConstructorParameters<typeof AuditLog>[0]['options'],
  bus: Pick<JupyterEventBus, 'subscribe'>,
  log: Logger,
): AuditLog {
  const audit = new AuditLog({ options, log });
  bus.subscribe(({ schemaId, data, owner }) => {
    if (schemaId !== kernelDeathSchemaId) return;
    const [kernel, why] = [String(data['kernel_id']), String(data['message'])];
    audit.write({
      event: 'end',
      outcome: 'done',
      ...(owner === undefined ? {} : { user: owner }),
      kernel,
      why,
    });
  });
  return audit;
}
