import { once } from 'node:events';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { HttpOptions } from './options.ts';

export interface Listener {
  readonly url: string;
  listen(): Promise<void>;
  drain(): Promise<void>;
}

/** Owns where an app listens: a port, the next free one, or a UNIX socket; and how it ends. */
export function listen(app: FastifyInstance, options: HttpOptions): Listener {
  let url: string | undefined;
  let draining: Promise<void> | undefined;
  return {
    get url() {
      if (url === undefined) throw new Error('The server does not listen yet');
      return url;
    },
    async listen() {
      await (options.sock === ''
        ? onFirstFreePort(options, (address) => app.listen(address))
        : listenOnSocket(app, options.sock));
      url = urlOf(app, options);
    },
    drain: () => (draining ??= drain(app, options.drainTimeoutS * 1000)),
  };
}

/** Rejects, in words, if nothing could listen there now: for who has long work to do before it listens. */
export async function checkAddress(options: HttpOptions): Promise<void> {
  if (options.sock !== '') return removeStaleSocket(options.sock);
  await onFirstFreePort(options, async (address) => {
    const probe = createServer().listen(address);
    await once(probe, 'listening');
    probe.close();
    await once(probe, 'close');
  });
}

type ListenAt = (address: { host: string; port: number }) => Promise<unknown>;

async function onFirstFreePort(options: HttpOptions, listenAt: ListenAt): Promise<void> {
  const { ip, port, portRetries } = options;
  const host = ip === '*' || ip === '' ? '::' : ip;
  for (let i = 0; ; i++) {
    const candidate = port === 0 ? 0 : port + i;
    try {
      await listenAt({ host, port: candidate });
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Machines without IPv6 have no '::'.
      if (code === 'EAFNOSUPPORT' && host === '::') {
        return onFirstFreePort({ ...options, ip: '0.0.0.0' }, listenAt);
      }
      if ((code !== 'EADDRINUSE' && code !== 'EACCES') || i >= portRetries || candidate >= 65535) {
        throw new Error(explain(code, ip, candidate) ?? String(error), { cause: error });
      }
    }
  }
}

function explain(code: string | undefined, ip: string, port: number): string | undefined {
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken. Choose another one with --port, or stop what uses it.`;
  if (code === 'EACCES') return `Port ${port} may only be used by root. Choose one above 1023 with --port.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `This machine has no address ${ip}. Choose another one with --ip.`;
  return undefined;
}

async function listenOnSocket(app: FastifyInstance, path: string): Promise<void> {
  await removeStaleSocket(path);
  await app.ready();
  // The mode must be there from the start, or somebody could connect in between. libuv binds a path before listen() returns.
  const umask = process.umask(0o177);
  try {
    app.server.listen(path);
  } finally {
    process.umask(umask);
  }
  await new Promise<void>((resolve, reject) => {
    app.server.once('listening', resolve);
    app.server.once('error', reject);
  });
  await chmod(path, 0o600);
}

/** A server that was killed leaves its socket behind; one that lives keeps it. */
async function removeStaleSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return;
  if (!stats.isSocket())
    throw new Error(`${path} exists and is not a socket. Choose another path with --sock.`);
  const isAlive = await new Promise<boolean>((resolve) => {
    const client = connect(path, () => resolve(true));
    client.on('error', () => resolve(false));
    client.on('connect', () => client.destroy());
  });
  if (isAlive) throw new Error(`Another server listens on ${path}. Choose another path with --sock.`);
  await unlink(path);
}

function urlOf(app: FastifyInstance, options: HttpOptions): string {
  const scheme = options.certfile === '' ? 'http' : 'https';
  if (options.sock !== '') return `${scheme}+unix://${encodeURIComponent(options.sock)}${app.site.baseUrl}`;
  const address = app.server.address() as AddressInfo; // of a server that listens on a port
  const isAny = options.ip === '*' || options.ip === '' || options.ip === '0.0.0.0' || options.ip === '::';
  const host = isAny ? 'localhost' : options.ip.includes(':') ? `[${options.ip}]` : options.ip;
  return `${scheme}://${host}:${address.port}${app.site.baseUrl}`;
}

async function drain(app: FastifyInstance, timeoutMs: number): Promise<void> {
  app.sockets.drain();
  const timer = setTimeout(() => {
    app.sockets.terminate();
    app.server.closeAllConnections();
  }, timeoutMs);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
}
