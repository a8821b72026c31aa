import { Type, type Static } from 'typebox';

/** A `kernel.json` (jupyter_client, "Kernel specs"). Fields that we do not know are kept: clients read them. */
export const KernelspecFile = Type.Object(
  {
    argv: Type.Array(Type.String(), { minItems: 1 }),
    display_name: Type.String(),
    language: Type.String(),
    interrupt_mode: Type.Optional(Type.Union([Type.Literal('signal'), Type.Literal('message')])),
    env: Type.Optional(Type.Record(Type.String(), Type.String())),
    metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    kernel_protocol_version: Type.Optional(Type.String()),
  },
  { additionalProperties: true },
);
export type KernelspecFile = Static<typeof KernelspecFile>;
