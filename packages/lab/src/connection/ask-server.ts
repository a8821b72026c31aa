import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';

/** One that takes longer is as good as none: the next attempt may be quicker. */
const patienceMs = 5000;

/** Whether the server answers its cheapest question. What a proxy says in its place is no answer. */
export async function askServer({ baseUrl, fetch }: ServerConnection.ISettings): Promise<boolean> {
  try {
    const { status } = await fetch(URLExt.join(baseUrl, 'api'), {
      cache: 'no-store',
      signal: AbortSignal.timeout(patienceMs),
    });
    // 424 is JupyterHub's for a server that is not running.
    return status < 500 && status !== 424;
  } catch {
    // That is the answer: whatever kept it from us, there is none.
    return false;
  }
}
