import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, test } from 'vitest';
import { createTestApp, testToken, withToken } from '../http/test-app.ts';
import { apiRoutes } from './api-routes.ts';
import { cspReportRoutes } from './csp-report-routes.ts';
import { metricsRoutes } from './metrics-routes.ts';
import { redirectRoutes } from './redirect-routes.ts';
import { shutdownRoutes } from './shutdown-routes.ts';
import { specRoutes } from './spec-routes.ts';
import { statusRoutes } from './status-routes.ts';

const running = {
  kernels: () => [
    {
      name: 'python3',
      connections: 2,
      last_activity: '2999-01-01T00:00:00.000Z',
      execution_state: 'idle' as const,
    },
    {
      name: 'ir',
      connections: 0,
      last_activity: '2020-01-01T00:00:00.000Z',
      execution_state: 'dead' as const,
    },
  ],
  terminals: () => [{ last_activity: '2021-01-01T00:00:00.000Z' }],
  limits: 'Kernels are limited.',
};
const nothing = { kernels: () => [], terminals: () => [] };

test('[H80] status counts living kernels and connections, and knows the last activity of all', async () => {
  const app = await createTestApp([statusRoutes(running)]);
  const response = await app.inject({ url: '/api/status', headers: withToken });
  expect(response.json()).toEqual({
    connections: 2,
    kernels: 1,
    last_activity: '2999-01-01T00:00:00.000Z',
    started: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
    limits: 'Kernels are limited.',
  });
});

test('[H81] requests of users are activity; polls, strangers and `no_track_activity` are not', async () => {
  const app = await createTestApp([
    statusRoutes(nothing),
    async (scope) => {
      scope.get('/api/work', { config: { access: { kind: 'api', resource: 'contents' } } }, async () => 1);
    },
  ]);
  let touches = 0;
  app.activity.touch = () => void touches++;
  for (const [url, headers, expected] of [
    ['/api/work', withToken, 1],
    ['/api/work', {}, 1],
    ['/api/work?no_track_activity=1', withToken, 1],
    ['/api/status', withToken, 1],
    ['/api/work?x', withToken, 2],
  ] as const) {
    await app.inject({ url, headers });
    expect([url, touches]).toEqual([url, expected]);
  }
});

test('[H82] metrics have the names of jupyter_server and count requests from before they were first asked for', async () => {
  const app = await createTestApp([apiRoutes(), metricsRoutes({ running, authenticate: true })]);
  await app.inject('/api');
  await app.inject('/api');
  expect((await app.inject('/metrics')).statusCode).toBe(403);
  const { body, headers } = await app.inject({ url: '/metrics', headers: withToken });
  expect(headers['content-type']).toMatch(/^text\/plain/);
  expect(body).toContain(
    'http_request_duration_seconds_count{method="GET",handler="/api",status_code="200"} 2',
  );
  expect(body).toContain(
    'http_request_duration_seconds_bucket{le="+Inf",method="GET",handler="/api",status_code="200"} 2',
  );
  expect(body).toContain('kernel_currently_running_total{type="python3"} 1');
  expect(body).not.toContain('type="ir"');
  for (const name of [
    'terminal_currently_running_total 1', 'jupyter_server_info{version="', 'jupyter_server_started_timestamp_seconds',
    'jupyter_server_last_activity_timestamp_seconds', 'jupyter_server_active_duration_seconds', 'process_cpu_seconds_total',
  ]) expect(body).toContain(name); // prettier-ignore
  const open = await createTestApp([metricsRoutes({ running, authenticate: false })]);
  expect((await open.inject('/metrics')).statusCode).toBe(200);
});

test('[H83] shutting down is answered first, then done', async () => {
  let stopped = 0;
  const app = await createTestApp([shutdownRoutes({ shutdown: () => void stopped++ })]);
  expect((await app.inject({ method: 'POST', url: '/api/shutdown' })).statusCode).toBe(403);
  expect(stopped).toBe(0);
  const response = await app.inject({ method: 'POST', url: '/api/shutdown', headers: withToken });
  expect([response.statusCode, response.body]).toEqual([200, '']);
  await expect.poll(() => stopped).toBe(1);
});

test('[H84] a browser reports what the policy kept out, without an XSRF token; it is logged', async () => {
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
  const app = await createTestApp([cspReportRoutes(), redirectRoutes()], { logger: pino(stream) });
  const login = await app.inject({ url: `/tree?token=${testToken}` });
  const cookie = `${login.cookies[0]?.name}=${login.cookies[0]?.value}`;
  const response = await app.inject({
    method: 'POST',
    url: '/api/security/csp-report',
    headers: { cookie, 'content-type': 'application/csp-report', origin: 'null' },
    body: '{"csp-report": {"blocked-uri": "evil"}}',
  });
  expect(response.statusCode).toBe(200);
  expect(lines.join('')).toContain('"blocked-uri":"evil"');
});

test('[H85] paths of the classic notebook lead to the lab, percent-encoding and query kept', async () => {
  const app = await createTestApp([redirectRoutes()], { http: { baseUrl: '/b%40/' } });
  for (const [from, to] of [
    ['tree', 'lab'],
    ['tree?a=1', 'lab?a=1'],
    ['tree/a%20b/%3F.ipynb?x=1', 'lab/tree/a%20b/%3F.ipynb?x=1'],
    ['notebooks/n.ipynb', 'lab/tree/n.ipynb'],
    ['edit/a.py', 'lab/tree/a.py'],
    ['consoles', 'lab'],
    ['api/notebooks/a.ipynb?content=0', 'api/contents/a.ipynb?content=0'],
  ]) {
    const { statusCode, headers } = await app.inject({ url: `/b%40/${from}`, headers: withToken });
    expect([from, statusCode, headers.location]).toEqual([from, 302, `/b%40/${to}`]);
  }
});

test('[H86] the description is YAML that has every documented route of the server', async () => {
  const app = await createTestApp([apiRoutes(), specRoutes(), statusRoutes(nothing), redirectRoutes()], {
    http: { baseUrl: '/b' },
  });
  const response = await app.inject({ url: '/b/api/spec.yaml', headers: withToken });
  expect(response.headers['content-type']).toBe('text/x-yaml; charset=utf-8');
  const document = JSON.parse(response.body);
  expect(document.servers).toEqual([{ url: '/b/' }]);
  expect(Object.keys(document.paths)).toEqual(['/api', '/api/spec.yaml', '/api/status']);
  expect(document.paths['/api'].get).toMatchObject({
    security: [],
    responses: { 200: { content: expect.anything() } },
  });
});
