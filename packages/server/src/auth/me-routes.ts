import { Type } from 'typebox';
import { ServerError } from '../errors.ts';
import { queryOf } from '../http/check-access.ts';
import { peerOf } from '../http/peer.ts';
import type { Resource } from '../http/access.ts';
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { Authenticator } from './authenticator.ts';
import type { Authorizer } from './authorizer.ts';
import type { Action } from './permissions.ts';
import type { User } from './user.ts';

export interface MeDeps {
  readonly authenticator: Authenticator;
  readonly authorize: Authorizer;
  readonly trustXheaders: boolean;
}

const updatableFields = ['name', 'display_name', 'initials', 'avatar_url', 'color'] as const;
type UpdatableField = (typeof updatableFields)[number];

const text = Type.Union([Type.String(), Type.Null()]);
const Identity = Type.Object({
  username: Type.String(),
  name: Type.String(),
  display_name: Type.String(),
  initials: text,
  avatar_url: text,
  color: text,
});

/** A cookie holds it all, and browsers drop those above 4096 bytes. */
const maxIdentityBytes = 2048;

/** `/api/me`: who one is, what one may do, and the name that one goes by; kept in the login cookie. */
export function meRoutes(deps: MeDeps): RoutePlugin {
  const config = { access: { kind: 'api', resource: 'api', action: 'read', untracked: true } } as const;
  return async (app) => {
    app.get(
      '/api/me',
      {
        config,
        schema: {
          summary: 'The user and what they may do',
          querystring: Type.Object({
            permissions: Type.Optional(
              Type.String({ description: 'JSON: {"resource": ["action"]} to ask about' }),
            ),
          }),
          response: {
            200: Type.Object({
              identity: Identity,
              permissions: Type.Record(Type.String(), Type.Array(Type.String())),
            }),
          },
        },
      },
      async (request) => {
        const user = request.user!;
        const asked = parsePermissions(queryOf(request.raw).get('permissions') ?? '');
        const permissions = Object.fromEntries(
          asked.map(([resource, actions]) => [
            resource,
            actions.filter((action) => deps.authorize(user, action as Action, resource as Resource, true)),
          ]),
        );
        return {
          identity: user.identity,
          permissions: { ...permissions, updatable_fields: [...updatableFields] },
        };
      },
    );

    app.patch(
      '/api/me',
      {
        config,
        schema: {
          summary: 'Change how one is called',
          response: { 200: Type.Object({ status: Type.Literal('success'), identity: Identity }) },
        },
      },
      async (request, reply) => {
        const before = request.user!;
        const user: User = { ...before, identity: { ...before.identity, ...parseChanges(request.body) } };
        const { isSecure } = peerOf(request.raw, deps.trustXheaders);
        reply.removeHeader('set-cookie'); // the one of the access hook has the old name
        reply.header(
          'set-cookie',
          deps.authenticator.loginCookie(user, { headers: request.headers, isSecure }),
        );
        return { status: 'success' as const, identity: user.identity };
      },
    );
  };
}

function parsePermissions(json: string): [string, string[]][] {
  const complaint = `permissions should be a JSON dict of {"resource":["action",]}, got '${json}'`;
  if (json === '') return [];
  let asked: unknown;
  try {
    asked = JSON.parse(json);
  } catch (cause) {
    throw new ServerError('BAD_REQUEST', complaint, { cause });
  }
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked))
    throw new ServerError('BAD_REQUEST', complaint);
  const entries = Object.entries(asked as Record<string, unknown>);
  const isWellFormed = entries.every(
    ([, actions]) => Array.isArray(actions) && actions.every((action) => typeof action === 'string'),
  );
  if (!isWellFormed) throw new ServerError('BAD_REQUEST', complaint);
  return entries as [string, string[]][];
}

function parseChanges(body: unknown): Partial<Record<UpdatableField, string>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || Object.keys(body).length === 0) {
    throw new ServerError('BAD_REQUEST', 'Invalid or missing JSON body');
  }
  for (const [field, value] of Object.entries(body)) {
    if (!(updatableFields as readonly string[]).includes(field)) {
      throw new ServerError('BAD_REQUEST', `Field '${field}' is not updatable`);
    }
    if (typeof value !== 'string') throw new ServerError('BAD_REQUEST', `Field '${field}' must be a string`);
  }
  if (Buffer.byteLength(JSON.stringify(body)) > maxIdentityBytes) {
    throw new ServerError(
      'BAD_REQUEST',
      `A name and all that goes with it may have ${maxIdentityBytes} bytes`,
    );
  }
  return body;
}
