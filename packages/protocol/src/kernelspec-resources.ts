import { Type, type Static } from 'typebox';

const Quantity = Type.Union([Type.String(), Type.Number({ minimum: 0 })]);

/** `metadata.perijove.resources` of a kernelspec: what its kernels may use at most, and what is kept for them. */
export const KernelspecResources = Type.Object({
  memory: Type.Optional(Quantity),
  cpus: Type.Optional(Quantity),
  /** Less than the limits: more kernels at a time, which may not all use what they may. */
  requests: Type.Optional(Type.Object({ memory: Type.Optional(Quantity), cpus: Type.Optional(Quantity) })),
});
export type KernelspecResources = Static<typeof KernelspecResources>;
