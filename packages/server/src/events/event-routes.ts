import { Type } from 'typebox';
import type { User } from '../auth/user.ts';
import { ServerError } from '../errors.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import { EventSubscribers } from './event-subscribers.ts';
import type { ServerEvent } from './event-bus.ts';
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
        // What somebody says about kernels, say, is not for others to believe.
        const { user } = request;
        await bus.publish(
          schemaId,
          String(version),
          data,
          user?.role === 'admin' ? undefined : user?.username,
        );
        return reply.code(204).send();
      },
    );

    app.sockets.route('/api/events/subscribe', {
      access: { kind: 'socket', resource: 'events', action: 'execute' },
      async handler(socket) {
        const { user } = socket;
        subscribers.add(await socket.accept({ maxPayload: maxMessageBytes }), (event) =>
          app.access.sees(user, 'events', ownerOf(event, user)),
        );
      },
    });
  };
}

/** What nobody owns is everybody's; but what is said of a kernel without saying whose it is, is not for all. */
function ownerOf({ owner, data }: ServerEvent, listener: User): string {
  return owner ?? ('kernel_id' in data ? '' : listener.username);
}

/** Python's `%Y-%m-%dT%H:%M:%S%zZ`, whose offset stands before the Z, or what JavaScript writes. */
function isTimestamp(text: string): boolean {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|[+-]\d\d:?\d\d(?::?\d\d)?Z?)$/.exec(text);
  return match !== null && !Number.isNaN(Date.parse(`${match[1]}Z`));
}
