// The events that jupyter_server 2.x registers, so that clients written for it find them.
import { Type } from 'typebox';
import type { EventSchema } from './event-schema.ts';

function oneOf<const T extends readonly string[]>(values: T, description: string) {
  return Type.Unsafe<T[number]>({ enum: values, description });
}

export const contentsServiceEvent: EventSchema = {
  id: 'https://events.jupyter.org/jupyter_server/contents_service/v1',
  version: '1',
  title: 'Contents Manager activities',
  description:
    'A file or folder was read or changed through this server. What kernels and terminals do is not seen.',
  schema: Type.Object({
    action: oneOf(
      ['get', 'create', 'save', 'upload', 'rename', 'copy', 'delete'],
      'What was done, after it succeeded.',
    ),
    path: Type.String({ description: 'The path it was done to; the new one after a rename or a copy.' }),
    source_path: Type.Optional(Type.String({ description: 'The path before a rename, or what was copied.' })),
  }),
};

const kernelActionsEvent: EventSchema = {
  id: 'https://events.jupyter.org/jupyter_server/kernel_actions/v1',
  version: '1',
  title: 'Kernel Manager activities',
  description:
    'A kernel was started, interrupted, restarted or shut down through this server, or that failed.',
  schema: {
    ...Type.Object({
      action: oneOf(['start', 'interrupt', 'shutdown', 'restart'], 'What was asked for.'),
      kernel_id: Type.Optional(
        Type.String({ description: 'Missing only where a kernel could not be started.' }),
      ),
      kernel_name: Type.Optional(Type.String({ description: 'Name of the kernelspec.' })),
      status: Type.Optional(oneOf(['error', 'success'], 'How it ended.')),
      status_code: Type.Optional(Type.Number({ description: 'HTTP status of the answer, if it failed.' })),
      msg: Type.String({ description: 'A sentence for people.' }),
    }),
    if: { not: { properties: { status: { const: 'error' }, action: { const: 'start' } } } },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { required: ['kernel_id'] },
  },
};

const gatewayClientEvent: EventSchema = {
  id: 'https://events.jupyter.org/jupyter_server/gateway_client/v1',
  version: '1',
  title: 'Gateway Client activities',
  description: 'A request to the gateway that runs the kernels of this server ended.',
  schema: Type.Object({
    status: oneOf(['error', 'success'], 'How it ended.'),
    status_code: Type.Optional(Type.Number({ description: 'HTTP status of the gateway.' })),
    msg: Type.String({ description: 'A sentence for people.' }),
    gateway_url: Type.Optional(Type.String({ description: 'Where the gateway is.' })),
  }),
};

export const jupyterEventSchemas: readonly EventSchema[] = [
  contentsServiceEvent,
  kernelActionsEvent,
  gatewayClientEvent,
];
