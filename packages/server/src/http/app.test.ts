import { expect, test } from 'vitest';
import { apiRoutes } from '../status/api-routes.ts';
import { createTestApp, withToken } from './test-app.ts';

test('[H1] /api answers anybody with the version', async () => {
  const app = await createTestApp([apiRoutes()]);
  const response = await app.inject('/api');
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ version: expect.stringMatching(/^2\./) });
  expect(response.headers['x-content-type-options']).toBe('nosniff');
});

test('[H2] strangers get 403 from an API, and users 404 for what is not there', async () => {
  const app = await createTestApp([apiRoutes()]);
  expect((await app.inject('/api/nothing')).statusCode).toBe(403);
  expect((await app.inject({ url: '/api/nothing', headers: withToken })).statusCode).toBe(404);
});
