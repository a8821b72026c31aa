import { Type, type Static } from 'typebox';

/** A kernel's connection file (jupyter_client, "Connection files"): where it listens, and the key that signs its messages. */
export const ConnectionInfo = Type.Object({
  transport: Type.Union([Type.Literal('tcp'), Type.Literal('ipc')]),
  ip: Type.String({ minLength: 1 }),
  shell_port: Type.Integer({ minimum: 0, maximum: 65535 }),
  iopub_port: Type.Integer({ minimum: 0, maximum: 65535 }),
  stdin_port: Type.Integer({ minimum: 0, maximum: 65535 }),
  control_port: Type.Integer({ minimum: 0, maximum: 65535 }),
  hb_port: Type.Integer({ minimum: 0, maximum: 65535 }),
  /** Secret. Empty: messages are not signed. */
  key: Type.String(),
  signature_scheme: Type.String({ default: 'hmac-sha256' }),
  kernel_name: Type.Optional(Type.String()),
  jupyter_session: Type.Optional(Type.String()),
});
export type ConnectionInfo = Static<typeof ConnectionInfo>;

export type Port = 'shell' | 'iopub' | 'stdin' | 'control' | 'hb';

/** The ZeroMQ endpoint of one of a kernel's ports: `tcp://127.0.0.1:50001`, `ipc:///run/kernel-1`. */
export function endpointOf(connection: ConnectionInfo, port: Port): string {
  const number = connection[`${port}_port`];
  return connection.transport === 'ipc'
    ? `ipc://${connection.ip}-${number}`
    : `tcp://${connection.ip.includes(':') ? `[${connection.ip}]` : connection.ip}:${number}`;
}
