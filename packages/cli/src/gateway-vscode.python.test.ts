// What VS Code's Jupyter extension asks of a server that a user gives the address of (vscode-jupyter: jupyterPasswordConnect.ts,
// userServerUrlProvider.ts, jupyterLabHelper.ts, jupyterKernelSessionFactory.ts), with the same @jupyterlab/services.
import { createHash } from 'node:crypto';
import {
  KernelAPI,
  KernelManager,
  KernelSpecManager,
  ServerConnection,
  SessionManager,
} from '@jupyterlab/services';
import { startPerijove, testPython, type PerijoveProcess } from '@perijove/testkit';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';

let gateway: PerijoveProcess | undefined;

afterEach(async () => {
  await gateway?.[Symbol.asyncDispose]();
  gateway = undefined;
});

async function start(env: Record<string, string>): Promise<string> {
  gateway = await startPerijove({ command: 'gateway', python: testPython(), env });
  return gateway.url;
}

/** Whether it would ask for a password: `needPassword`. */
async function needsPassword(url: string): Promise<boolean> {
  const first = await fetch(url);
  if (first.status === 200 && first.redirected && first.url.toLowerCase().includes('/login?')) return true;
  const tree = await fetch(new URL('tree?', url), { redirect: 'manual' });
  return tree.status !== 404 && tree.status !== 200;
}

/** The headers that a password earns: `getXSRFToken`, then `getSessionCookie`. */
async function logIn(url: string, password: string): Promise<Record<string, string>> {
  const login = new URL('login?', url);
  const form = await fetch(login, { redirect: 'manual' });
  const xsrf = cookiesOf(form).get('_xsrf')!.split(';')[0]!;
  const answer = await fetch(login, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: `_xsrf=${xsrf}`, 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    body: new URLSearchParams({ _xsrf: xsrf, password }).toString(),
  });
  if (answer.status !== 302) throw new Error(`the password is wrong: ${answer.status}`);
  const [name, value] = [...cookiesOf(answer)][0]!;
  // With the attributes of the cookie, as the extension sends it.
  return { Cookie: `_xsrf=${xsrf}; ${name}=${value}`, 'X-XSRFToken': xsrf };
}

function cookiesOf({ headers }: Response): Map<string, string> {
  return new Map(
    headers.getSetCookie().map((text) => {
      const at = text.indexOf('=');
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** Lists what there is, opens a notebook that only this client has, runs cells, restarts, and ends the session. */
async function work(url: string, token: string, headers: Record<string, string> = {}): Promise<string[]> {
  class AuthorizingRequest extends Request {
    constructor(input: string | URL | Request, init?: RequestInit) {
      super(input, init);
      for (const [name, value] of Object.entries(headers)) this.headers.set(name, value);
      this.headers.set('content-type', 'application/json');
    }
  }
  class AuthorizingWebSocket extends WebSocket {
    constructor(address: string, protocols?: string | string[]) {
      super(address, protocols, { headers });
    }
  }
  const serverSettings = ServerConnection.makeSettings({
    baseUrl: url,
    wsUrl: url.replace('http', 'ws'),
    token,
    appendToken: true,
    appUrl: '',
    Request: AuthorizingRequest,
    // As the extension has it: ws is enough of the browser's.
    WebSocket: AuthorizingWebSocket as unknown as NonNullable<ServerConnection.ISettings['WebSocket']>,
  });
  const kernelManager = new KernelManager({ serverSettings });
  const sessions = new SessionManager({ serverSettings, kernelManager });
  const kernelspecs = new KernelSpecManager({ serverSettings });
  try {
    await KernelAPI.listRunning(serverSettings);
    await Promise.all([sessions.ready, kernelspecs.refreshSpecs()]);
    await sessions.refreshRunning();
    expect(Object.keys(kernelspecs.specs!.kernelspecs)).toContain('python3');

    const session = await sessions.startNew(
      {
        path: 'a-jvsc-1f3a.ipynb',
        name: 'a-1f3a.ipynb',
        type: 'notebook',
        kernel: { name: kernelspecs.specs!.default },
      },
      { kernelConnectionOptions: { handleComms: true } },
    );
    const kernel = session.kernel!;
    await kernel.info;
    const printed: string[] = [];
    const run = async (code: string): Promise<void> => {
      const future = kernel.requestExecute({ code });
      future.onIOPub = ({ header, content }) => {
        if (header.msg_type === 'stream') printed.push((content as { text: string }).text);
        if (header.msg_type === 'error') printed.push((content as { ename: string }).ename);
      };
      await future.done;
    };
    await run('x = 6; print(x * 7)');
    const [model] = await KernelAPI.listRunning(serverSettings);
    expect(model).toMatchObject({ id: kernel.id, connections: 1, last_activity: expect.any(String) });
    const sleeping = run('print("go", flush=True)\nimport time; time.sleep(60)');
    await expect.poll(() => printed.includes('go\n'), { timeout: 10_000 }).toBe(true);
    await kernel.interrupt();
    await sleeping;
    await kernel.restart();
    await kernel.info;
    await run("print('x' in dir())");
    await session.shutdown();
    expect(await KernelAPI.listRunning(serverSettings)).toEqual([]);
    return printed;
  } finally {
    for (const each of [sessions, kernelspecs, kernelManager]) each.dispose();
  }
}
const printed = ['42\n', 'go\n', 'KeyboardInterrupt', 'False\n'];

test('[JG33] VS Code works with a token', async () => {
  const url = await start({ EG_AUTH_TOKEN: 'secret' });
  expect(await work(url, 'secret')).toEqual(printed);
});

test('[JG33] VS Code works where neither token nor password is asked for', async () => {
  const url = await start({ EG_AUTH_TOKEN: '' });
  expect(await needsPassword(url)).toBe(false);
  expect(await work(url, '')).toEqual(printed);
});

test('[JG33] VS Code works with a password: the login form, its cookie with all attributes, and the XSRF header', async () => {
  const digest = createHash('sha256').update('pass').update('salt').digest('hex');
  const url = await start({ PERIJOVE_HASHED_PASSWORD: `sha256:salt:${digest}` });
  expect(await needsPassword(url)).toBe(true);
  await expect(logIn(url, 'guess')).rejects.toThrow('401');
  expect(await work(url, '', await logIn(url, 'pass'))).toEqual(printed);
});
