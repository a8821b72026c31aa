import { Type } from 'typebox';

/** `QueueModel` of @perijove/protocol. */
export const QueueSchema = Type.Object(
  {
    position: Type.Integer({ description: '1: the next.' }),
    queued: Type.Integer({ description: 'How many kernels wait in all.' }),
    reason: Type.Unsafe<string>({
      enum: ['memory', 'cpus', 'kernels', 'kernelsOfUser', 'turn'],
      description: 'What it lacks; `turn`: nothing, but one that needs more came earlier.',
    }),
    needs: Type.Optional(Type.Number({ description: 'Bytes, processors or kernels.' })),
    free: Type.Optional(Type.Number({ description: 'What is there of it.' })),
    total: Type.Optional(Type.Number({ description: 'What kernels may have of it in all.' })),
    would_free: Type.Array(Type.String(), {
      description: "The user's own kernels of which the end of any one would make room.",
    }),
  },
  { description: 'Why a kernel waits, and where it stands.' },
);

/** For the OpenAPI document: what `KernelModel` of @perijove/protocol is. */
export const KernelModelSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  last_activity: Type.String({ format: 'date-time' }),
  execution_state: Type.String(),
  connections: Type.Integer(),
  reason: Type.Optional(Type.String({ description: 'Why it is dead.' })),
  traceback: Type.Optional(Type.String({ description: 'The last lines of its standard error.' })),
  perijove: Type.Optional(
    Type.Object(
      { phase: Type.Literal('queued'), message: Type.String(), queue: QueueSchema },
      { description: "Perijove's own: of a kernel that waits for room." },
    ),
  ),
});

/** `SessionModel` of @perijove/protocol. */
export const SessionModelSchema = Type.Object({
  id: Type.String(),
  path: Type.String(),
  name: Type.String(),
  type: Type.String(),
  kernel: KernelModelSchema,
  notebook: Type.Optional(Type.Object({ path: Type.String(), name: Type.String() })),
});

/** Jupyter's ids: five words with hyphens. */
export const kernelIdPattern = '^\\w+-\\w+-\\w+-\\w+-\\w+$';
const KernelId = Type.String({ pattern: kernelIdPattern, maxLength: 200 });

export const KernelStart = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  path: Type.Optional(Type.String({ maxLength: 4096 })),
  kernel_id: Type.Optional(KernelId),
  env: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

const KernelChoice = Type.Object({
  id: Type.Optional(Type.String({ maxLength: 200 })),
  name: Type.Optional(Type.String({ maxLength: 255 })),
});
const Notebook = Type.Object({
  path: Type.Optional(Type.String({ maxLength: 4096 })),
  name: Type.Optional(Type.String({ maxLength: 4096 })),
});

/** Also of `PATCH`. `notebook` is what clients of before 2016 send. */
export const SessionBody = Type.Object({
  path: Type.Optional(Type.String({ maxLength: 4096 })),
  name: Type.Optional(Type.String({ maxLength: 4096 })),
  type: Type.Optional(Type.String({ maxLength: 255 })),
  kernel: Type.Optional(KernelChoice),
  notebook: Type.Optional(Notebook),
});
