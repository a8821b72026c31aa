import type { Log } from '@perijove/kernels';
import { WebSocket } from 'ws';
import type { GatewayClient } from './gateway-client.ts';
import { GatewayKernelEvent, readModel } from './gateway-models.ts';
import { retryDelayMs } from './retry-delay.ts';

export interface GatewayEventsOptions {
  readonly client: GatewayClient;
  readonly log: Log;
  readonly retryMaxMs: number;
  readonly onEvent: (event: GatewayKernelEvent) => void;
  readonly onOpen: () => void;
}

/** A gateway that has no events is asked for them so seldom: another may have taken its place. */
const withoutEventsMs = 5 * 60_000;
const maxEventBytes = 2 ** 20;

/** Hears a Perijove gateway's events of kernels, from `start` to `stop`; what was missed is to be asked for at `onOpen`. */
export class GatewayEvents {
  readonly #options: GatewayEventsOptions;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #attempt = 0;
  #isStarted = false;

  constructor(options: GatewayEventsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isStarted = true;
    this.#connect();
  }

  stop(): void {
    this.#isStarted = false;
    clearTimeout(this.#timer);
    this.#socket?.terminate();
  }

  #connect(): void {
    const { client, onEvent, onOpen, log, retryMaxMs } = this.#options;
    const { headers, tls } = client.credentials();
    const socket = new WebSocket(client.socketUrl('/api/events/subscribe'), {
      headers: { ...headers },
      ...tls,
      handshakeTimeout: 30_000,
      maxPayload: maxEventBytes,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    let isRefused = false;
    socket.on('open', () => {
      this.#attempt = 0;
      onOpen();
    });
    socket.on('message', (data) => {
      const event = readModel(GatewayKernelEvent, data as Buffer);
      if (event) onEvent(event);
    });
    socket.on('error', ({ message }) => {
      isRefused = /Unexpected server response: (4\d\d|501)/.test(message);
      log.debug({ problem: message }, 'no events of the gateway');
    });
    socket.on('close', () => {
      if (!this.#isStarted || this.#socket !== socket) return;
      const delayMs = isRefused ? withoutEventsMs : retryDelayMs(this.#attempt++, retryMaxMs, Math.random());
      this.#timer = setTimeout(() => this.#connect(), delayMs).unref();
    });
  }
}
