import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';

const attemptsPerPort = 64;
const fewestPorts = 1000;

/**
 * Finds ports for kernels. Between our looking and the kernel's binding another process may take one, which a kernel
 * answers by exiting at once. That is made improbable: ports come from above the range that the system takes the ports of
 * outgoing connections from, at random, and none that a living kernel of ours was given. (Port 0 in the connection file,
 * which ipykernel then rewrites, would have no race, but few other kernels do that, and one must poll for the file.)
 */
export class FreePorts {
  readonly #given = new Set<number>();
  #range: Promise<PortRange | undefined> | undefined;

  /** Gives as many different free ports. They are not given again until `release`. */
  async take(count: number, ip: string): Promise<number[]> {
    this.#range ??= portsAboveEphemeral();
    const range = await this.#range;
    const servers: Server[] = [];
    try {
      while (servers.length < count) servers.push(await this.#bindOne(ip, range));
      return servers.map((server) => portOf(server));
    } catch (error) {
      this.release(servers.map((server) => portOf(server)));
      throw error;
    } finally {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    }
  }

  release(ports: readonly number[]): void {
    for (const port of ports) this.#given.delete(port);
  }

  async #bindOne(ip: string, range: PortRange | undefined): Promise<Server> {
    for (let attempt = 0; attempt < attemptsPerPort; attempt++) {
      const wanted = range ? range.first + Math.floor(Math.random() * range.count) : 0;
      if (this.#given.has(wanted)) continue;
      const server = await bind(wanted, ip);
      if (!server) continue;
      const port = portOf(server);
      if (wanted === 0 && this.#given.has(port)) {
        server.close();
        continue;
      }
      this.#given.add(port);
      return server;
    }
    throw new Error(`no free port was found on ${ip} in ${attemptsPerPort} attempts`);
  }
}

interface PortRange {
  readonly first: number;
  readonly count: number;
}

async function portsAboveEphemeral(): Promise<PortRange | undefined> {
  let last: number;
  try {
    const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'latin1');
    last = Number(text.trim().split(/\s+/)[1]);
  } catch {
    // Not Linux: the system chooses.
    return undefined;
  }
  const count = 65536 - (last + 1);
  return count >= fewestPorts ? { first: last + 1, count } : undefined;
}

async function bind(port: number, ip: string): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host: ip, exclusive: true }, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
