import { Type } from 'typebox';
import type { User } from '../auth/user.ts';
import { ServerError } from '../errors.ts';
import type { Access } from '../http/access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { Terminal } from './terminal.ts';
import { type NewTerminal, Terminals, type TerminalsDeps } from './terminals.ts';

const access: Access = { kind: 'api', resource: 'terminals' };

const TerminalModel = Type.Object({ name: Type.String(), last_activity: Type.String() });
const NamedTerminal = Type.Object({ name: Type.String() });
/** A paste arrives in one frame. */
const maxMessageBytes = 8 * 1024 * 1024;

/** Nothing is served if terminals are switched off: then these addresses do not exist, as in Jupyter. */
export function terminalRoutes(given: Terminals | TerminalsDeps): RoutePlugin {
  const terminals = given instanceof Terminals ? given : new Terminals(given);
  return async (app) => {
    if (!terminals.isEnabled) return;
    app.addHook('onClose', () => terminals.close());
    /** Somebody else's is as unknown as one that never was. */
    const find = (name: string, user: User | undefined): Terminal | undefined => {
      const terminal = terminals.get(name);
      return terminal && app.access.sees(user, 'terminals', terminal.owner) ? terminal : undefined;
    };

    app.get(
      '/api/terminals',
      {
        config: { access: { ...access, untracked: true } },
        schema: { summary: 'All terminals', response: { 200: Type.Array(TerminalModel) } },
      },
      async ({ user }) =>
        terminals
          .list()
          .filter(({ owner }) => app.access.sees(user, 'terminals', owner))
          .map(describe),
    );
    app.post(
      '/api/terminals',
      { config: { access }, schema: { summary: 'Opens a terminal', response: { 200: TerminalModel } } },
      async (request) => {
        const owner = request.user?.username ?? '';
        const terminal = await terminals.open(owner, parseRequest(request.body));
        request.madeId = terminal.name;
        return describe(terminal);
      },
    );
    app.get(
      '/api/terminals/:name',
      {
        config: { access },
        schema: { summary: 'One terminal', params: NamedTerminal, response: { 200: TerminalModel } },
      },
      async (request) => {
        const terminal = find(request.params.name, request.user);
        if (terminal === undefined) throw notFound(request.params.name);
        return describe(terminal);
      },
    );
    app.delete(
      '/api/terminals/:name',
      {
        config: { access },
        schema: { summary: 'Ends a terminal and what runs in it', params: NamedTerminal },
      },
      async (request, reply) => {
        const terminal = find(request.params.name, request.user);
        if (terminal === undefined || !(await terminals.terminate(terminal.name)))
          throw notFound(request.params.name);
        return reply.code(204).send();
      },
    );

    app.sockets.route('/terminals/websocket/:name', {
      access: { kind: 'socket', resource: 'terminals', action: 'execute' },
      async handler(socket) {
        const terminal = find(socket.params['name'] ?? '', socket.user);
        if (terminal === undefined) return socket.refuse(404, `Terminal not found: ${socket.params['name']}`);
        terminal.attach(
          await socket.accept({ maxPayload: maxMessageBytes, about: { terminal: terminal.name } }),
        );
      },
    });
  };
}

/** The body may be missing; null stands for what is not said. */
function parseRequest(body: unknown): NewTerminal {
  if (body === undefined || body === null) return {};
  const { name, cwd, shell_command: command } = body as Record<string, unknown>;
  if (name != null && typeof name !== 'string') throw new ServerError('BAD_REQUEST', 'name is to be a text');
  if (cwd != null && typeof cwd !== 'string') throw new ServerError('BAD_REQUEST', 'cwd is to be a text');
  if (command != null && !isCommand(command)) {
    throw new ServerError('BAD_REQUEST', 'shell_command is to be a list of texts');
  }
  return { name: name ?? undefined, cwd: cwd ?? undefined, command: command ?? undefined };
}

function isCommand(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((part) => typeof part === 'string' && !part.includes('\0'))
  );
}

function describe({ name, lastActivity }: Terminal) {
  return { name, last_activity: lastActivity.toISOString() };
}

function notFound(name: string): ServerError {
  return new ServerError('NOT_FOUND', `Terminal not found: ${name.slice(0, 100)}`);
}
