import { spawn } from 'node:child_process';

/** The command that opens a URL in the person's browser; undefined where there is no display to show one. */
export function browserCommand(
  url: string,
  { platform, env }: { platform: NodeJS.Platform; env: Readonly<Record<string, string | undefined>> },
): readonly [command: string, ...args: string[]] | undefined {
  if (env['BROWSER']) return [env['BROWSER'], url];
  if (env['SSH_CONNECTION'] !== undefined && env['DISPLAY'] === undefined) return undefined;
  if (platform === 'darwin') return ['open', url];
  if (env['DISPLAY'] || env['WAYLAND_DISPLAY']) return ['xdg-open', url];
  return undefined;
}

/** Opens the URL. That it could not be opened is not worth a failure: the line with the URL was printed. */
export function openBrowser(url: string): void {
  const command = browserCommand(url, { platform: process.platform, env: process.env });
  if (!command) return;
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined); // no such program
  child.unref();
}
