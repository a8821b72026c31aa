import {
  OverviewKernelSchema,
  overviewKernelSchemaId,
  OverviewMachineSchema,
  overviewMachinesSchemaId,
} from '@perijove/protocol';
import { Type } from 'typebox';
import type { EventSchema } from '../events/event-schema.ts';

const kernelChanged: EventSchema = {
  id: overviewKernelSchemaId,
  version: '1',
  title: 'Overview: a kernel',
  description:
    'Something that the overview says of a kernel has changed, other than what it uses, of which "Kernel usage" tells.',
  schema: Type.Object({
    kernel_id: Type.String(),
    user: Type.String({ description: 'Its owner.' }),
    kernel: Type.Optional(
      Type.Unsafe<object>({
        ...OverviewKernelSchema,
        description: 'As in `GET /perijove/api/overview`; missing when the kernel is gone.',
      }),
    ),
  }),
};

const machinesChanged: EventSchema = {
  id: overviewMachinesSchemaId,
  version: '1',
  title: 'Overview: machines',
  description: 'How full the machines are has changed.',
  schema: Type.Object({
    machines: Type.Array(OverviewMachineSchema, {
      description: 'All machines, as in `GET /perijove/api/overview`.',
    }),
  }),
};

export const overviewEventSchemas: readonly EventSchema[] = [kernelChanged, machinesChanged];
