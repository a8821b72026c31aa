import { start } from '../roles/bench.js';
import { kinds } from './kinds.js';
import { makeFolders, removeFolders, startKernel, startServer } from './start-server.js';

/** Where each part runs if the machine can say it: the server alone, the kernel and the clients beside it. */
const cores = { server: 0, kernelCore: 1, clients: 1 };

/**
 * A whole server with one kernel and a process of clients on its WebSocket: `client.ask({ do: 'run' … })`. Peers are started without
 * their limit on what a kernel may say, unless `hasRateLimit`.
 */
export async function serveKernel(name, kernelspec, options = {}) {
  const { framing = 'v1', count = 1, isPinned = false, hasRateLimit = false } = options;
  const folders = makeFolders(isPinned ? cores : {});
  const args = hasRateLimit ? [] : (kinds[name].withoutRateLimit ?? []);
  const server = await startServer(name, folders, { args, ...(isPinned ? { core: cores.server } : {}) });
  const client = start('websocket', isPinned ? { core: cores.clients } : {});
  const { url } = await startKernel(server, kernelspec);
  await client.ask({ do: 'connect', url, count, framing });
  await client.ask({ do: 'roundTrips', count: 1 });
  return {
    server,
    client,
    url,
    stop: async () => {
      await client.stop();
      await server.stop();
      await removeFolders(folders);
    },
  };
}

/** The baseline: clients on a kernel's own sockets. */
export async function directKernel(role, { count = 1, isPinned = false } = {}) {
  const kernel = start(role, isPinned ? { core: cores.kernelCore } : {});
  const client = start('direct', isPinned ? { core: cores.server } : {});
  await client.ask({ do: 'connect', connection: await kernel.ask({ do: 'connection' }), count });
  return {
    client,
    stop: async () => {
      await client.stop();
      await kernel.ask({ do: 'stop' });
      await kernel.stop();
    },
  };
}

/** What `measure` of a peer resolves to; of a peer that cannot do it undefined, having said why. Ours has to. */
export async function attempt(name, measure, boundMs = 240_000) {
  let timer;
  const bound = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${boundMs / 1000} s`)), boundMs);
  });
  try {
    return await Promise.race([measure(), bound]);
  } catch (error) {
    if (name === 'perijove') throw error;
    console.log(`${name}: ${error.message}`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
