import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import WebSocket from 'ws';
import type { ClusterAccess, ClusterCredentials } from './cluster-access.ts';

/** The cluster's API gives no answer: nothing is known, and nothing has ended for that. */
export class ClusterUnreachable extends Error {
  readonly code = 'CLUSTER_UNREACHABLE';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterUnreachable';
  }
}

/** The API's answer to what it does not do: a `Status` object (Kubernetes docs, "Response status kind"). */
export class ClusterRefusal extends Error {
  /** The HTTP status. */
  readonly status: number;
  /** A word for programs: `Forbidden`, `NotFound`, `AlreadyExists`. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = 'ClusterRefusal';
    this.status = status;
    this.reason = reason;
  }
}

export interface ClusterRequest {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

const answerTimeoutMs = 30_000;
/** A pod is some ten kilobytes; of a list, pages are asked for. */
const maxBodyLength = 64 * 1024 * 1024;
/** More requests at a time wait for a connection. */
const maxSockets = 32;
const maxLineLength = 16 * 1024 * 1024;

/** The few endpoints of the cluster's API that kernels need, over connections that are kept. */
export class ClusterClient {
  readonly #access: ClusterAccess;
  readonly #confirm: (() => Promise<void>) | undefined;
  #agent: { readonly of: string; readonly agent: HttpAgent | HttpsAgent } | undefined;

  /** `confirm` is asked before each change. */
  constructor(access: ClusterAccess, confirm?: () => Promise<void>) {
    this.#access = access;
    this.#confirm = confirm;
  }

  /** Where the cluster is, for people. */
  get place(): string {
    return this.#access.server.host;
  }

  /** Rejects with ClusterRefusal for an answer that is no success, with ClusterUnreachable where there is none. */
  async ask<T>(method: string, path: string, options: ClusterRequest = {}): Promise<T> {
    return JSON.parse(await this.text(method, path, options)) as T;
  }

  /** As `ask`, for an answer that is not JSON. */
  async text(method: string, path: string, options: ClusterRequest = {}): Promise<string> {
    const response = await this.#send(method, path, options, answerTimeoutMs);
    const text = await this.#read(response, options.signal);
    const status = response.statusCode ?? 0;
    if (status >= 300) throw refusalOf(status, text);
    return text;
  }

  /**
   * The lines of an answer that goes on; resolves when it has begun. `silenceMs`: a connection on which nothing came for so long is
   * taken for broken. Ends when the API ends it; rejects and throws as `ask` does.
   */
  async lines(
    path: string,
    options: ClusterRequest & { readonly silenceMs: number },
  ): Promise<AsyncGenerator<string>> {
    const response = await this.#send('GET', path, options, options.silenceMs);
    const status = response.statusCode ?? 0;
    if (status >= 300) throw refusalOf(status, await this.#read(response, options.signal));
    return this.#linesOf(response, options.signal);
  }

  /** A WebSocket of the API (exec, port-forward). It opens, or closes, as WebSockets do. */
  async openSocket(
    path: string,
    query: readonly (readonly [string, string])[],
    protocol: string,
  ): Promise<WebSocket> {
    const { tls, headers, agent } = await this.#access.credentials();
    const url = new URL(this.#access.server);
    url.pathname = joined(url.pathname, path);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    for (const [name, value] of query) url.searchParams.append(name, value);
    return new WebSocket(url, protocol, {
      ...tls,
      headers,
      ...(agent ? { agent } : {}),
      perMessageDeflate: false,
      handshakeTimeout: answerTimeoutMs,
    });
  }

  close(): void {
    this.#agent?.agent.destroy();
  }

  async #read(response: IncomingMessage, signal: AbortSignal | undefined): Promise<string> {
    const parts: string[] = [];
    let length = 0;
    try {
      for await (const part of response as AsyncIterable<string>) {
        length += part.length;
        if (length > maxBodyLength) throw new Error(`an answer of more than ${maxBodyLength} characters`);
        parts.push(part);
      }
    } catch (error) {
      throw this.#unreachable(error, signal);
    }
    return parts.join('');
  }

  async *#linesOf(response: IncomingMessage, signal: AbortSignal | undefined): AsyncGenerator<string> {
    let rest = '';
    try {
      for await (const part of response as AsyncIterable<string>) {
        rest += part;
        const found = rest.split('\n');
        rest = found.pop() ?? '';
        if (rest.length > maxLineLength) throw new Error(`a line of more than ${maxLineLength} characters`);
        yield* found;
      }
    } catch (error) {
      throw this.#unreachable(error, signal);
    } finally {
      response.destroy();
    }
  }

  async #send(
    method: string,
    path: string,
    options: ClusterRequest,
    silenceMs: number,
  ): Promise<IncomingMessage> {
    const { query = {}, signal, contentType = 'application/json' } = options;
    signal?.throwIfAborted();
    if (method !== 'GET') await this.#confirm?.();
    const credentials = await this.#access.credentials();
    const { server } = this.#access;
    const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) search.set(name, String(value));
    const send = server.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(
        {
          method,
          hostname: server.hostname.replace(/^\[(.*)\]$/, '$1'),
          port: server.port,
          path: `${joined(server.pathname, path)}${search.size > 0 ? `?${search.toString()}` : ''}`,
          agent: this.#agentFor(credentials),
          ...(signal ? { signal } : {}),
          timeout: silenceMs,
          headers: {
            accept: 'application/json',
            'user-agent': 'perijove',
            ...(body ? { 'content-type': contentType, 'content-length': String(body.length) } : {}),
            ...credentials.headers,
          },
        },
        (response) => {
          response.setEncoding('utf8');
          resolve(response);
        },
      );
      request.on('timeout', () => request.destroy(new Error(`nothing came for ${silenceMs / 1000} s`)));
      request.on('error', (error) => reject(this.#unreachable(error, signal)));
      request.end(body);
    });
  }

  #agentFor({ tls, agent }: ClusterCredentials): HttpAgent | HttpsAgent {
    const { server } = this.#access;
    const of = JSON.stringify([tls.ca, tls.cert, tls.key, tls.passphrase]);
    if (this.#agent?.of === of) return this.#agent.agent;
    const settings = { keepAlive: true, maxSockets, maxFreeSockets: 4 };
    const made =
      agent ??
      (server.protocol === 'https:' ? new HttpsAgent({ ...settings, ...tls }) : new HttpAgent(settings));
    this.#agent = { of, agent: made };
    return made;
  }

  #unreachable(error: unknown, signal: AbortSignal | undefined): Error {
    if (signal?.aborted)
      return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
    return new ClusterUnreachable(`the cluster's API at ${this.place} cannot be reached: ${wordsOf(error)}`, {
      cause: error,
    });
  }
}

function joined(base: string, path: string): string {
  return `${base.replace(/\/$/, '')}${path}`;
}

function refusalOf(status: number, text: string): Error {
  const { message = `HTTP status ${status}: ${text.slice(0, 200).trim()}`, reason = '' } = statusIn(text);
  // Too busy, on its way down, or a proxy before it: the same request may do later.
  return status >= 500 || status === 429
    ? new ClusterUnreachable(message)
    : new ClusterRefusal(status, reason, message);
}

function statusIn(text: string): { readonly message?: string; readonly reason?: string } {
  try {
    const { message, reason } = JSON.parse(text) as { message?: unknown; reason?: unknown };
    return {
      ...(typeof message === 'string' ? { message } : {}),
      ...(typeof reason === 'string' ? { reason } : {}),
    };
  } catch {
    // Not the API's own words: a proxy's.
    return {};
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || ((error as NodeJS.ErrnoException).code ?? 'unknown');
}
