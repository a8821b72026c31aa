import { ZmtpError } from './zmtp-error.ts';

export type Endpoint =
  | { readonly transport: 'tcp'; readonly host: string; readonly port: number }
  | { readonly transport: 'ipc'; readonly path: string };

// What fits into sockaddr_un.sun_path with its final NUL. Longer ones would be cut off silently by some systems.
const maxPathBytes = process.platform === 'darwin' ? 103 : 107;

/** `tcp://host:port` (IPv6 in brackets, `*` for every address, `*` or 0 for any free port) or `ipc://path`. */
export function parseEndpoint(endpoint: string, use: 'connect' | 'bind'): Endpoint {
  if (endpoint.startsWith('ipc://')) return parseIpc(endpoint);
  const match = /^tcp:\/\/(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]/;\s]+)):(\d{1,5}|\*)$/.exec(endpoint);
  if (match === null) throw bad(endpoint, 'expected tcp://host:port or ipc://path');
  const host = match[1] ?? match[2] ?? '';
  const port = match[3] === '*' ? 0 : Number(match[3]);
  if (port > 65_535) throw bad(endpoint, 'the port is over 65535');
  if (use === 'connect' && port === 0) throw bad(endpoint, 'a port to connect to is needed');
  if (use === 'connect' && host === '*') throw bad(endpoint, 'a host to connect to is needed');
  return { transport: 'tcp', host: host === '*' ? '0.0.0.0' : host, port };
}

export function formatTcp(host: string, port: number): string {
  return host.includes(':') ? `tcp://[${host}]:${port}` : `tcp://${host}:${port}`;
}

function parseIpc(endpoint: string): Endpoint {
  const path = endpoint.slice('ipc://'.length);
  if (path === '' || path === '*' || path === '@' || path.includes('\0'))
    throw bad(endpoint, 'a path is needed');
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw bad(endpoint, `the path is over ${maxPathBytes} bytes, the most that the system takes`);
  }
  // A leading @ is libzmq's spelling of Linux's abstract namespace.
  return { transport: 'ipc', path: path.startsWith('@') ? `\0${path.slice(1)}` : path };
}

function bad(endpoint: string, why: string): ZmtpError {
  return new ZmtpError('ZMTP_BAD_ENDPOINT', `${JSON.stringify(endpoint)}: ${why}`);
}
