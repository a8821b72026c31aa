import type { TerminalSize } from './terminal-message.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The command of a terminal: what is configured, else the user's shell. A server that was not started from a terminal likely
 * has not read the user's profile, so the shell is to do that (`-l`).
 */
export function shellCommand(
  configured: readonly string[],
  env: Environment,
  hasTerminal: boolean,
): readonly string[] {
  if (configured.length > 0) return configured;
  return [env['SHELL'] || 'sh', ...(hasTerminal ? [] : ['-l'])];
}

/** Of a terminal that the server itself may run in. */
const foreign = ['TMUX', 'TMUX_PANE', 'STY', 'WINDOW', 'WINDOWID', 'TERMCAP'];

export function shellEnvironment(
  env: Environment,
  { rows, cols }: TerminalSize,
  server: { readonly rootDir: string; readonly url: string },
): Record<string, string> {
  const inherited = Object.entries(env).filter(
    ([name, value]) => value !== undefined && !foreign.includes(name),
  );
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    TERM: 'xterm-256color',
    PYXTERM_DIMENSIONS: `${cols}x${rows}`,
    COLUMNS: String(cols),
    LINES: String(rows),
    JUPYTER_SERVER_ROOT: server.rootDir,
    JUPYTER_SERVER_URL: server.url,
  };
}
