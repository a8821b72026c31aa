import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';

/** Of a gateway's kernel model: what is read of it. */
export const GatewayKernelModel = Type.Object(
  {
    id: Type.String({ pattern: '^[\\w-]+$', maxLength: 200 }),
    execution_state: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String()),
    traceback: Type.Optional(Type.String()),
    /** Of a Perijove gateway: that it waits for room there, and why. */
    perijove: Type.Optional(
      Type.Object({ message: Type.Optional(Type.String()) }, { additionalProperties: true }),
    ),
  },
  { additionalProperties: true },
);
export type GatewayKernelModel = Static<typeof GatewayKernelModel>;

export const GatewayKernelModels = Type.Array(GatewayKernelModel);

/** The two events of a Perijove gateway that concern a kernel's life. */
export const GatewayKernelEvent = Type.Object(
  {
    schema_id: Type.String(),
    kernel_id: Type.String(),
    phase: Type.Optional(Type.String()),
    message: Type.Optional(Type.String()),
    detail: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String()),
    restarting: Type.Optional(Type.Boolean()),
    code: Type.Optional(Type.Integer()),
    signal: Type.Optional(Type.String()),
    last_lines: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: true },
);
export type GatewayKernelEvent = Static<typeof GatewayKernelEvent>;

/** What a gateway said, if it is what it should be. */
export function readModel<S extends TSchema>(schema: S, text: Buffer | string): Static<S> | undefined {
  try {
    const value: unknown = JSON.parse(text.toString());
    return Value.Check(schema, value) ? value : undefined;
  } catch {
    return undefined;
  }
}
