import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { formatTcp, parseEndpoint, type Endpoint } from './endpoint.ts';
import { ZmtpError } from './zmtp-error.ts';

export interface Listener {
  /** The one really bound, so with its port. */
  readonly endpoint: string;
  /** Accepts no more. Does not touch what was accepted, and does not wait for it. */
  close(): Promise<void>;
}

export async function listen(
  endpoint: string,
  accept: (socket: Socket, endpoint: string) => void,
): Promise<Listener> {
  const target = parseEndpoint(endpoint, 'bind');
  const server: Server = createServer({ noDelay: true }, (socket) => accept(socket, boundEndpoint()));
  const boundEndpoint = (): string => (target.transport === 'ipc' ? endpoint : tcpEndpointOf(server));
  try {
    await startListening(server, target);
  } catch (error) {
    if (target.transport !== 'ipc' || !hasCode(error, 'EADDRINUSE') || !(await isStale(target.path))) {
      throw cannotBind(endpoint, error);
    }
    await unlink(target.path);
    await startListening(server, target).catch((again: unknown) => {
      throw cannotBind(endpoint, again);
    });
  }
  // Without a listener a late failure (out of file descriptors while accepting) would end the process.
  server.on('error', () => undefined);
  return {
    endpoint: boundEndpoint(),
    close: () =>
      new Promise((resolve) => {
        server.close();
        resolve();
      }),
  };
}

function startListening(server: Server, target: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(
      target.transport === 'ipc' ? { path: target.path } : { host: target.host, port: target.port },
      () => {
        server.off('error', reject);
        resolve();
      },
    );
  });
}

/** Whether a socket's file was left behind by a process that is gone. (libzmq removes it in any case.) */
async function isStale(path: string): Promise<boolean> {
  // Connecting to a file of another kind is refused just the same.
  const file = await lstat(path).catch(() => undefined);
  return file?.isSocket() === true && (await isConnectionRefused(path));
}

function isConnectionRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error) => resolve(hasCode(error, 'ECONNREFUSED')));
  });
}

function tcpEndpointOf(server: Server): string {
  const address = server.address();
  // Cannot be otherwise for a server that listens by TCP.
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return formatTcp(address.address, address.port);
}

function cannotBind(endpoint: string, cause: unknown): ZmtpError {
  const why = cause instanceof Error ? cause.message : 'unknown';
  return new ZmtpError('ZMTP_CONNECTION', `cannot bind ${endpoint}: ${why}`, { cause });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
