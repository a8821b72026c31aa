import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createToken, isUsername, parseTokenFile, renderTokenFile, type NamedToken } from '@perijove/server';
import { findEnvironment } from './environment.ts';
import { renderHelp } from './help.ts';
import { tokenOptions } from './options.ts';
import { parseOptions } from './parse-options.ts';
import { UsageError } from './usage-error.ts';

const sections = [{ title: 'Token', options: tokenOptions }];
const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export function tokenHelp(): string {
  return renderHelp({
    usage: 'perijove token add NAME --user USER [FLAGS] | list | remove NAME',
    about:
      'Named tokens, each of a user with what it may do. A running server takes them over within a second; what a removed one let in ends then. A token is shown once: the file has only its hash.',
    sections,
  });
}

export async function runToken(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(sections, { args, env: process.env, files: [] });
  const { dataDir } = await findEnvironment(process.env);
  const path = (values['tokensFile'] as string) || join(dataDir, 'tokens.json');
  const [action, name, ...rest] = positionals;
  const isJson = values['json'] === true;
  if (rest.length > 0) throw new UsageError(`One name, not more: ${[name, ...rest].join(', ')}.`);
  switch (action) {
    case 'add':
      return add(path, nameOf(name), values);
    case 'remove':
      return remove(path, nameOf(name));
    case 'list':
      return list(await readTokens(path), isJson);
    default:
      throw new UsageError(
        'perijove token add NAME --user USER, perijove token list, or perijove token remove NAME.',
      );
  }
}

async function add(path: string, name: string, values: Readonly<Record<string, unknown>>): Promise<number> {
  const { user, scope, mayImpersonate, expires } = values as {
    user: string;
    scope: NamedToken['scope'];
    mayImpersonate: boolean;
    expires: string;
  };
  if (user === '') throw new UsageError('Whose token is it? --user says.');
  if (!isUsername(user))
    throw new UsageError(
      '--user is no name: control characters, blanks around it, or more than 128 characters.',
    );
  if (mayImpersonate && scope !== 'admin')
    throw new UsageError('--may-impersonate needs --scope admin: who acts for anybody can do anything.');
  const expiresInMs =
    expires === '' ? undefined : Number(expires.slice(0, -1)) * unitMs[expires.at(-1) as keyof typeof unitMs];
  const { text, token } = createToken(
    { name, user, scope, mayImpersonate, ...(expiresInMs === undefined ? {} : { expiresInMs }) },
    Date.now(),
  );
  await change(path, (tokens) => {
    if (tokens.some((known) => known.name === name))
      throw new UsageError(`There is a token ${name} already. perijove token remove ${name} takes it away.`);
    return [...tokens, token];
  });
  process.stdout.write(
    values['json'] === true ? `${JSON.stringify({ name, user, scope, token: text })}\n` : `${text}\n`,
  );
  process.stderr.write(`This is the token ${name} of ${user} (${scope}). It is not shown again.\n`);
  return 0;
}

async function remove(path: string, name: string): Promise<number> {
  await change(path, (tokens) => {
    const others = tokens.filter((token) => token.name !== name);
    if (others.length === tokens.length)
      throw new UsageError(`There is no token ${name}. perijove token list shows those that there are.`);
    return others;
  });
  process.stdout.write(`Removed the token ${name}.\n`);
  return 0;
}

function list(tokens: readonly NamedToken[], isJson: boolean): number {
  const shown = tokens.map(({ name, user, scope, createdAt, expiresAt, mayImpersonate }) => ({
    name,
    user,
    scope,
    createdAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(mayImpersonate === true ? { mayImpersonate } : {}),
  }));
  if (isJson) process.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`);
  else if (shown.length === 0) process.stdout.write('There are no named tokens.\n');
  else
    for (const { name, user, scope, expiresAt, mayImpersonate } of shown)
      process.stdout.write(
        `${name}  ${user}  ${scope}${mayImpersonate === true ? ', for others' : ''}${expiresAt === undefined ? '' : `  until ${expiresAt}`}\n`,
      );
  return 0;
}

function nameOf(name: string | undefined): string {
  if (name === undefined || !/^[\w.@-]{1,64}$/.test(name))
    throw new UsageError('A token has a name of up to 64 letters, digits and . _ - @.');
  return name;
}

async function readTokens(path: string): Promise<readonly NamedToken[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
  const parsed = parseTokenFile(text);
  if ('problem' in parsed) throw new UsageError(`${path} is no file of tokens: ${parsed.problem}.`);
  return parsed.tokens;
}

/** A server reads the former file or the new one, whole; of two that change it at once, the second is told so. */
async function change(
  path: string,
  changed: (tokens: readonly NamedToken[]) => readonly NamedToken[],
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  let file;
  try {
    file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new UsageError(`${path} cannot be written: ${(error as Error).message}.`, { cause: error });
    throw new UsageError(`Somebody else is changing the tokens. If nobody is, remove ${temporary}.`, {
      cause: error,
    });
  }
  try {
    await file.writeFile(renderTokenFile(changed(await readTokens(path))));
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => {}); // it may be closed already
    await unlink(temporary);
    throw error;
  }
}
