import type { LaunchRequest } from '@perijove/kernels';

export interface StartRequestOptions {
  /** This server's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names of it besides `KERNEL_*` that are sent. */
  readonly allowedEnvs: readonly string[];
  /** How long the gateway may take for a start, so that it gives up before we do. */
  readonly launchTimeoutS: number;
  /**
   * The name of whoever runs this server. For them, and for nobody else, KERNEL_USERNAME of its environment stands; without it
   * nobody is named, as Jupyter's clients do: the gateway goes by the token.
   */
  readonly ownUsername: string;
  /** The name for HTTP Basic authentication; empty: none. */
  readonly httpUser: string;
}

/** The body of `POST /api/kernels`, as Jupyter's gateway clients make it. Who starts the kernel is what this server has verified. */
export function startRequestBody(
  { kernelId, kernelspec, cwd, username, env }: LaunchRequest,
  options: StartRequestOptions,
): { name: string; kernel_id: string; env: Record<string, string> } {
  const ofServer = Object.entries(options.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (entry[0].startsWith('KERNEL_') || options.allowedEnvs.includes(entry[0])),
  );
  return {
    name: kernelspec.name,
    kernel_id: kernelId,
    env: {
      KERNEL_LAUNCH_TIMEOUT: String(options.launchTimeoutS),
      ...Object.fromEntries(ofServer),
      ...env,
      KERNEL_ID: kernelId,
      KERNEL_WORKING_DIR: cwd,
      ...named(username, options),
    },
  };
}

function named(
  username: string,
  { env, ownUsername, httpUser }: StartRequestOptions,
): { KERNEL_USERNAME?: string } {
  const isOwn = username === '' || username === ownUsername;
  const name = isOwn ? env['KERNEL_USERNAME'] || httpUser : username;
  return name === '' ? {} : { KERNEL_USERNAME: name };
}
