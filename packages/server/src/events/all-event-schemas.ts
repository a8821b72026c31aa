import { kernelEventSchemas } from '../kernels/kernel-event-schemas.ts';
import { overviewEventSchemas } from '../overview/overview-event-schemas.ts';
import type { EventSchema } from './event-schema.ts';
import { jupyterEventSchemas } from './jupyter-event-schemas.ts';

/** Every event that a server may emit; whoever emits one adds it here, and docs/reference/events.md follows. */
export const allEventSchemas: readonly EventSchema[] = [
  ...jupyterEventSchemas,
  ...kernelEventSchemas,
  ...overviewEventSchemas,
];
