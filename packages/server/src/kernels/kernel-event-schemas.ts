import {
  deathReasons,
  kernelDeathSchemaId,
  kernelPhaseSchemaId,
  kernelUsageSchemaId,
} from '@perijove/kernels';
import { Type } from 'typebox';
import type { EventSchema } from '../events/event-schema.ts';
import { QueueSchema } from './kernel-model.ts';

const about = {
  kernel_id: Type.String(),
  kernel_name: Type.String({ description: 'Name of the kernelspec.' }),
};

const kernelPhaseEvent: EventSchema = {
  id: kernelPhaseSchemaId,
  version: '1',
  title: 'Kernel phases',
  description:
    'What a kernel is at: queued (and why), launching (and at what of it), running, restarting, stopping, dead.',
  schema: Type.Object({
    ...about,
    phase: Type.String({ description: 'A state of the kernel, or a phase of its launch.' }),
    message: Type.String({ description: 'A sentence for people.' }),
    detail: Type.Optional(Type.String({ description: 'The raw cause behind it.' })),
    queue: Type.Optional(QueueSchema),
  }),
};

const kernelDeathEvent: EventSchema = {
  id: kernelDeathSchemaId,
  version: '1',
  title: 'Kernel deaths',
  description: 'A kernel ended, and why.',
  schema: Type.Object({
    ...about,
    reason: Type.Unsafe<string>({ enum: [...deathReasons] }),
    message: Type.String({ description: 'The reason as a sentence for people.' }),
    restarting: Type.Boolean({ description: 'Whether it is started again by itself.' }),
    code: Type.Optional(Type.Integer({ description: 'Exit code, where it is known.' })),
    signal: Type.Optional(Type.String({ description: 'The signal that ended it, where it is known.' })),
    last_lines: Type.Array(Type.String(), { description: 'What it last wrote to its standard error.' }),
  }),
};

const kernelUsageEvent: EventSchema = {
  id: kernelUsageSchemaId,
  version: '1',
  title: 'Kernel usage',
  description: 'What a kernel uses has changed by something that people would see.',
  schema: Type.Object({
    ...about,
    memory_bytes: Type.Number({ description: 'Of all its processes.' }),
    memory_limit_bytes: Type.Optional(
      Type.Number({ description: 'Beyond which it dies; missing if there is no limit.' }),
    ),
    cpus: Type.Optional(
      Type.Number({
        description: 'Processors in use, on average since the sample before; missing in the first.',
      }),
    ),
    cpu_seconds: Type.Number({ description: 'Processor time since it was started.' }),
  }),
};

export const kernelEventSchemas: readonly EventSchema[] = [
  kernelPhaseEvent,
  kernelDeathEvent,
  kernelUsageEvent,
];
