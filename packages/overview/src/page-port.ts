import type { Overview } from '@perijove/protocol';
import type { OverviewPort } from './overview-store.ts';
import type { ServerEvent } from './overview-state.ts';

const retryFirstMs = 500;
const retryMaxMs = 10_000;

/** The server of the page, by its cookie. `baseUrl` ends in a slash. */
export function pagePort(baseUrl: string): OverviewPort {
  return {
    read: async () => (await ask(`${baseUrl}perijove/api/overview`)).json() as Promise<Overview>,
    stop: async (id) => void (await act(baseUrl, 'DELETE', id, '')),
    interrupt: async (id) => void (await act(baseUrl, 'POST', id, '/interrupt')),
    subscribe: ({ onOpen, onEvent, onLost }) => {
      let socket: WebSocket | undefined;
      let timer: ReturnType<typeof setTimeout> | undefined;
      let failures = 0;
      let hasEnded = false;
      const open = (): void => {
        const url = new URL(`${baseUrl}api/events/subscribe`, location.href);
        url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
        socket = new WebSocket(url);
        socket.addEventListener('open', () => {
          failures = 0;
          onOpen();
        });
        socket.addEventListener('message', ({ data }) => {
          if (typeof data === 'string') onEvent(JSON.parse(data) as ServerEvent);
        });
        socket.addEventListener('close', () => {
          if (hasEnded) return;
          onLost();
          timer = setTimeout(open, Math.min(retryFirstMs * 1.5 ** failures, retryMaxMs));
          failures += 1;
        });
      };
      open();
      return () => {
        hasEnded = true;
        clearTimeout(timer);
        socket?.close();
      };
    },
  };
}

async function act(baseUrl: string, method: string, id: string, rest: string): Promise<Response> {
  const headers = { 'X-XSRFToken': cookie('_xsrf') };
  return ask(`${baseUrl}api/kernels/${encodeURIComponent(id)}${rest}`, { method, headers });
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, cache: 'no-store' });
  } catch {
    throw new Error('The server does not answer.');
  }
  if (!response.ok && !(init.method === 'DELETE' && response.status === 404))
    throw new Error(await messageOf(response));
  return response;
}

async function messageOf(response: Response): Promise<string> {
  try {
    const { message } = (await response.json()) as { message?: unknown };
    if (typeof message === 'string' && message !== '') return message;
  } catch {
    // Not the server's own words.
  }
  return `The server answers with status ${response.status}.`;
}

function cookie(name: string): string {
  const found = document.cookie.split('; ').find((one) => one.startsWith(`${name}=`));
  return found === undefined ? '' : decodeURIComponent(found.slice(name.length + 1));
}
