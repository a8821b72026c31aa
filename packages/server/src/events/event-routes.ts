import { Type } from 'typebox';
import { ServerError } from '../errors.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { EventSubscribers } from './event-subscribers.ts';
import type { JupyterEventBus } from './jupyter-event-bus.ts';

export interface EventDeps {
  readonly bus: JupyterEventBus;
  readonly eventBufferBytes: number;
}

const PublishedEvent = Type.Object({
  schema_id: Type.String(),
  version: Type.Union([Type.String(), Type.Number()]),
  data: Type.Unknown(),
  timestamp: Type.Optional(Type.String()),
});

/** Subscribers only listen. */
const maxMessageBytes = 64 * 1024;

export function eventRoutes({ bus, eventBufferBytes }: EventDeps): RoutePlugin {
  const subscribers = new EventSubscribers(bus, eventBufferBytes);
  return async (app) => {
    app.post(
      '/api/events',
      {
        config: { access: { kind: 'api', resource: 'events' } },
        schema: { summary: 'Emits an event of a registered schema', body: PublishedEvent },
      },
      async (request, reply) => {
        const { schema_id: schemaId, version, data, timestamp } = request.body;
        if (timestamp !== undefined && !isTimestamp(timestamp)) {
          throw new ServerError(
            'BAD_REQUEST',
            'timestamp is to be an ISO date with its UTC offset, for example 2022-05-26T13:50:00+05:00Z',
          );
        }
        await bus.publish(schemaId, String(version), data);
        return reply.code(204).send();
      },
    );

    app.sockets.route('/api/events/subscribe', {
      access: { kind: 'socket', resource: 'events', action: 'execute' },
      async handler(socket) {
        subscribers.add(await socket.accept({ maxPayload: maxMessageBytes }));
      },
    });
  };
}

/** Python's `%Y-%m-%dT%H:%M:%S%zZ`, whose offset stands before the Z, or what JavaScript writes. */
function isTimestamp(text: string): boolean {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|[+-]\d\d:?\d\d(?::?\d\d)?Z?)$/.exec(text);
  return match !== null && !Number.isNaN(Date.parse(`${match[1]}Z`));
}
