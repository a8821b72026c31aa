import { Type } from 'typebox';
import type { OptionValues } from './option-values.ts';

const MiB = 1024 * 1024;

export const httpOptions = {
  ip: {
    schema: Type.String({ default: 'localhost' }),
    help: "Address to listen on. '*' or an empty one: all interfaces.",
  },
  port: {
    schema: Type.Integer({ default: 8888, minimum: 0, maximum: 65535 }),
    help: 'Port to listen on. 0 takes any that is free.',
  },
  portRetries: {
    schema: Type.Integer({ default: 50, minimum: 0, maximum: 1000 }),
    help: 'How many following ports to try when the port is taken.',
  },
  sock: {
    schema: Type.String({ default: '' }),
    help: 'UNIX socket to listen on instead of a port. Only its owner may use it (mode 0600).',
  },
  baseUrl: {
    schema: Type.String({ default: '/' }),
    help: 'Path under which everything is served.',
  },
  defaultUrl: {
    schema: Type.String({ default: '/lab' }),
    help: 'Where the base URL itself leads to.',
  },
  certfile: {
    schema: Type.String({ default: '' }),
    help: 'TLS certificate (PEM, with its chain). With it, the server speaks https only.',
  },
  keyfile: {
    schema: Type.String({ default: '' }),
    help: 'Key of the TLS certificate, unless it is in the same file.',
  },
  clientCa: {
    schema: Type.String({ default: '' }),
    help: 'Certificate authority (PEM) that must have signed the certificate of every client.',
  },
  trustXheaders: {
    schema: Type.Boolean({ default: false }),
    help: 'Believe X-Forwarded-For, X-Real-Ip, X-Forwarded-Proto and X-Scheme. Only behind a proxy that sets them.',
  },
  allowOrigin: {
    schema: Type.String({ default: '' }),
    help: "Origin of web pages of other sites that may use this server. '*': any; think twice.",
  },
  allowOriginPat: {
    schema: Type.String({ default: '' }),
    help: 'Regular expression that the whole Origin must match to be allowed.',
  },
  allowCredentials: {
    schema: Type.Boolean({ default: false }),
    help: 'Let pages of the allowed origins send cookies (Access-Control-Allow-Credentials).',
  },
  allowHeaders: {
    schema: Type.String({ default: '' }),
    help: 'Access-Control-Allow-Headers of answers, for pages of other sites. Empty: what Jupyter allows.',
  },
  allowMethods: {
    schema: Type.String({ default: '' }),
    help: 'Access-Control-Allow-Methods of answers. Empty: what Jupyter allows.',
  },
  exposeHeaders: {
    schema: Type.String({ default: '' }),
    help: 'Access-Control-Expose-Headers of answers. Empty: none.',
  },
  corsMaxAgeS: {
    schema: Type.Integer({ default: 0, minimum: 0 }),
    help: 'Seconds for which browsers may remember these (Access-Control-Max-Age). 0: as they like.',
  },
  allowRemoteAccess: {
    schema: Type.Optional(Type.Boolean()),
    help: 'Accept any Host header. Unless said: only if `ip` is not a loopback address. Guards against DNS rebinding.',
  },
  localHostnames: {
    schema: Type.Array(Type.String(), { default: ['localhost'] }),
    help: 'Host names that count as local when remote access is not allowed.',
  },
  maxBodySize: {
    schema: Type.Integer({ default: 512 * MiB, minimum: 1024 }),
    help: 'Largest body of a request that saves contents, in bytes.',
  },
  maxJsonBodySize: {
    schema: Type.Integer({ default: 8 * MiB, minimum: 1024 }),
    help: 'Largest body of every other request, in bytes.',
  },
  maxHeaderSize: {
    schema: Type.Integer({ default: 64 * 1024, minimum: 8192 }),
    help: 'Largest request line and headers together, in bytes. More gets 431.',
  },
  headersTimeoutS: {
    schema: Type.Integer({ default: 30, minimum: 1 }),
    help: 'Seconds a client has to send its headers.',
  },
  requestTimeoutS: {
    schema: Type.Integer({ default: 1800, minimum: 1 }),
    help: 'Seconds a client has to send a whole request: a large upload on a slow line takes long.',
  },
  keepAliveTimeoutS: {
    schema: Type.Integer({ default: 75, minimum: 1 }),
    help: 'Seconds an idle connection is kept for the next request.',
  },
  compressFromBytes: {
    schema: Type.Integer({ default: 4096, minimum: 0 }),
    help: 'Size from which answers to other machines are compressed. 0: never.',
  },
  websocketPingIntervalS: {
    schema: Type.Number({ default: 30, exclusiveMinimum: 0 }),
    help: 'Seconds between pings on every WebSocket.',
  },
  websocketPingTimeoutS: {
    schema: Type.Number({ default: 90, exclusiveMinimum: 0 }),
    help: 'Seconds without a pong after which a WebSocket is given up.',
  },
  drainTimeoutS: {
    schema: Type.Number({ default: 5, minimum: 0 }),
    help: 'Seconds that open requests and WebSockets get to end when the server stops.',
  },
} as const;

export type HttpOptions = OptionValues<typeof httpOptions>;
