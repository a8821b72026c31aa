import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { GatewayOptions } from './options.ts';

/** The gateway did not answer, or something between here and there answered in its place. */
export class GatewayUnreachable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GatewayUnreachable';
  }
}

export interface GatewayAnswer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

export interface AskOptions {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Absent: the request timeout of the options. */
  readonly timeoutMs?: number;
}

/** What TLS and every request carry. */
export interface GatewayCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: {
    readonly cert?: Buffer;
    readonly key?: Buffer;
    readonly ca?: Buffer;
    readonly rejectUnauthorized: boolean;
  };
}

const maxBodyBytes = 32 * 2 ** 20;

/** Speaks HTTP with one gateway, as the options say. */
export class GatewayClient {
  readonly #options: GatewayOptions;
  readonly #url: URL;
  readonly #tls: GatewayCredentials['tls'];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: HttpAgent;

  /** Throws for headers that are not JSON and for files that cannot be read. */
  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#url = new URL(options.gatewayUrl);
    this.#headers = readHeaders(options.gatewayHeaders);
    this.#tls = {
      ...(options.gatewayClientCert === '' ? {} : { cert: readFileSync(options.gatewayClientCert) }),
      ...(options.gatewayClientKey === '' ? {} : { key: readFileSync(options.gatewayClientKey) }),
      ...(options.gatewayCaCerts === '' ? {} : { ca: readFileSync(options.gatewayCaCerts) }),
      rejectUnauthorized: options.gatewayValidateCert,
    };
    const agent = { keepAlive: true, maxSockets: 16, maxFreeSockets: 2 };
    this.#agent =
      this.#url.protocol === 'https:' ? new HttpsAgent({ ...agent, ...this.#tls }) : new HttpAgent(agent);
  }

  /** Where the gateway is, for people: without user name, password and query. */
  get place(): string {
    return `${this.#url.protocol}//${this.#url.host}${this.#base}`;
  }

  /** Read anew each time: tokens in files are changed without a restart. */
  credentials(): GatewayCredentials {
    const { gatewayAuthHeaderKey, gatewayAuthScheme, gatewayHttpUser, gatewayHttpPwd } = this.#options;
    const token = this.#token();
    const basic = Buffer.from(`${gatewayHttpUser}:${gatewayHttpPwd}`).toString('base64');
    return {
      tls: this.#tls,
      headers: {
        ...(gatewayHttpUser === '' ? {} : { authorization: `Basic ${basic}` }),
        ...(token === '' ? {} : { [gatewayAuthHeaderKey]: `${gatewayAuthScheme} ${token}`.trim() }),
        ...this.#headers,
      },
    };
  }

  /** The address of a WebSocket. */
  socketUrl(path: string): string {
    const { gatewayWsUrl } = this.#options;
    if (gatewayWsUrl !== '') return `${gatewayWsUrl.replace(/\/$/, '')}${path}`;
    return `${this.#url.protocol === 'https:' ? 'wss:' : 'ws:'}//${this.#url.host}${this.#base}${path}`;
  }

  /**
   * Asks and waits for the whole answer, whatever its status. Rejects with GatewayUnreachable when there is none in time, or one
   * of a proxy that cannot reach the gateway either; with the signal's reason when aborted.
   */
  async ask(method: string, path: string, options: AskOptions = {}): Promise<GatewayAnswer> {
    options.signal?.throwIfAborted();
    const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
    const { headers, tls } = this.credentials();
    const timeoutMs = options.timeoutMs ?? this.#options.gatewayRequestTimeoutS * 1000;
    const isSafe = method === 'GET';
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    const answer = await new Promise<GatewayAnswer>((resolve, reject) => {
      const request = send(
        {
          method,
          protocol: this.#url.protocol,
          hostname: this.#url.hostname.replace(/^\[(.*)\]$/, '$1'),
          port: this.#url.port,
          path: `${this.#base}${path}`,
          // A connection that the gateway has just closed fails whatever is sent on it: only what may be repeated is.
          agent: isSafe ? this.#agent : false,
          ...(this.#url.protocol === 'https:' ? tls : {}),
          headers: {
            accept: 'application/json',
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': String(body.length) }),
            ...headers,
            ...options.headers,
          },
        },
        (response) => {
          readBody(response).then((read) => resolve(answerOf(response, read)), fail);
        },
      );
      const timer = setTimeout(
        () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      const onAbort = (): void => void request.destroy(asError(options.signal?.reason));
      const fail = (error: unknown): void => {
        if (options.signal?.aborted) reject(asError(options.signal.reason));
        else
          reject(
            new GatewayUnreachable(`${this.place} cannot be reached: ${wordsOf(error)}`, { cause: error }),
          );
      };
      options.signal?.addEventListener('abort', onAbort, { once: true });
      request.on('error', fail);
      request.on('close', () => {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
      });
      request.end(body);
    });
    if (isOfProxy(answer)) {
      throw new GatewayUnreachable(`${this.place} cannot be reached: a proxy answers ${answer.status}`);
    }
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  get #base(): string {
    return this.#url.pathname.replace(/\/$/, '');
  }

  #token(): string {
    const { gatewayToken, gatewayTokenFile } = this.#options;
    return gatewayTokenFile === '' ? gatewayToken : readFileSync(gatewayTokenFile, 'utf8').trim();
  }
}

/** What the gateway says in an answer that is an error: its `message`, else `reason`, else its first line. */
export function errorTextOf({ status, body }: Pick<GatewayAnswer, 'status' | 'body'>): string {
  const text = body.toString('utf8');
  try {
    const { message, reason } = JSON.parse(text) as { message?: unknown; reason?: unknown };
    if (typeof message === 'string' && message !== '') return message;
    if (typeof reason === 'string' && reason !== '') return reason;
  } catch {
    // Not JSON: a page, or a line of text.
  }
  return `HTTP status ${status}`;
}

/** A gateway says what it has to say in JSON, whatever the status. */
function isOfProxy({ status, header }: GatewayAnswer): boolean {
  return status >= 502 && status <= 504 && !(header('content-type') ?? '').includes('json');
}

function answerOf(response: IncomingMessage, body: Buffer): GatewayAnswer {
  return {
    status: response.statusCode ?? 0,
    header: (name) => {
      const value = response.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    body,
  };
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBodyBytes) throw new Error(`an answer of more than ${maxBodyBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function readHeaders(text: string): Record<string, string> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError('the headers for the gateway are not a JSON object');
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, String(one)]));
}

/** Node puts several causes (one for each address of a host) into one error without a message. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message || (code ?? 'unknown');
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
