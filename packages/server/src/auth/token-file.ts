import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { isUsername } from './username.ts';

const NamedToken = Type.Object(
  {
    /** Cookies name it: a token that is added again under the same name is another one. */
    id: Type.String({ pattern: '^[\\w-]{1,64}$' }),
    name: Type.String({ pattern: '^[\\w.@-]{1,64}$' }),
    user: Type.String(),
    scope: Type.Union([Type.Literal('read'), Type.Literal('use'), Type.Literal('admin')]),
    /**
     * A token is 256 random bits, so that no list of guesses is shorter than all of them: a quick hash gives nothing away, and
     * a slow one, as passwords need, would only slow down every request.
     */
    hash: Type.String({ pattern: '^sha256:[0-9a-f]{64}$' }),
    createdAt: Type.String(),
    expiresAt: Type.Optional(Type.String()),
    /** May say for whom it acts: a notebook server in front of a gateway. */
    mayImpersonate: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type NamedToken = Readonly<Static<typeof NamedToken>>;

const version = 1;
/** A file of more is somebody's mistake. */
const maxTokens = 10_000;
const TokenFile = Type.Object({
  version: Type.Literal(version),
  tokens: Type.Array(NamedToken, { maxItems: maxTokens }),
});

/** The tokens in the text of a token file, or a sentence that says what is wrong with it. */
export function parseTokenFile(text: string): { tokens: readonly NamedToken[] } | { problem: string } {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return { problem: 'it is not JSON' }; // whose message would quote it
  }
  if (!Value.Check(TokenFile, file)) {
    const [first] = Value.Errors(TokenFile, file);
    return { problem: `${first?.instancePath || 'the whole'} ${first?.message ?? 'is not valid'}` };
  }
  const { tokens } = file;
  for (const { name, user, scope, createdAt, expiresAt, mayImpersonate } of tokens) {
    if (!isUsername(user)) return { problem: `the user of the token ${name} is no name` };
    if (
      Number.isNaN(Date.parse(createdAt)) ||
      (expiresAt !== undefined && Number.isNaN(Date.parse(expiresAt)))
    )
      return { problem: `a date of the token ${name} is none` };
    if (mayImpersonate === true && scope !== 'admin')
      return { problem: `the token ${name} may act for others, which only an admin may` };
  }
  for (const key of ['id', 'name', 'hash'] as const) {
    if (new Set(tokens.map((token) => token[key])).size !== tokens.length)
      return { problem: `two tokens have the same ${key}` };
  }
  return { tokens };
}

export function renderTokenFile(tokens: readonly NamedToken[]): string {
  return `${JSON.stringify({ version, tokens }, undefined, 2)}\n`;
}

/** A new token: its text, which is shown once and kept nowhere, and what is kept of it. */
export function createToken(
  wanted: Pick<NamedToken, 'name' | 'user' | 'scope' | 'mayImpersonate'> & { readonly expiresInMs?: number },
  now: number,
): { readonly text: string; readonly token: NamedToken } {
  // The prefix lets scanners of repositories find one that was committed.
  const text = `perijove_${randomBytes(32).toString('base64url')}`;
  const { name, user, scope, mayImpersonate, expiresInMs } = wanted;
  return {
    text,
    token: {
      id: randomUUID(),
      name,
      user,
      scope,
      hash: hashOfToken(text),
      createdAt: new Date(now).toISOString(),
      ...(expiresInMs === undefined ? {} : { expiresAt: new Date(now + expiresInMs).toISOString() }),
      ...(mayImpersonate === true ? { mayImpersonate } : {}),
    },
  };
}

export function hashOfToken(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
