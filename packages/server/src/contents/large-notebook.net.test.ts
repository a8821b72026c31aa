import { randomBytes } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withToken } from '../http/test-app.ts';
import { createTestContents } from './test-contents.ts';

const megabytes = 200;

test('[C50] a 200 MB notebook is opened and saved; small requests meanwhile are answered before it', async () => {
  await using contents = await createTestContents({ fileWorkers: 2 });
  await contents.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = contents.app.server.address() as AddressInfo;
  const image = randomBytes(750_000).toString('base64');
  const cells = Array.from({ length: megabytes }, (_, n) =>
    JSON.stringify({
      cell_type: 'code',
      id: `c${n}`,
      metadata: {},
      execution_count: n,
      source: '',
      outputs: [{ output_type: 'display_data', metadata: {}, data: { 'image/png': image } }],
    }),
  );
  const notebook = `{"cells":[${cells.join(',')}],"metadata":{},"nbformat":4,"nbformat_minor":5}`;
  writeFileSync(join(contents.root, 'small.txt'), 'small');
  const agent = new Agent({ keepAlive: true });
  const send = (method: string, path: string, body?: string): Promise<{ status: number; length: number }> =>
    new Promise((resolve, reject) => {
      const headers = { ...withToken, 'content-type': 'application/json' };
      const sent = request(
        { port, host: '127.0.0.1', method, path: `/api/contents/${path}`, headers, agent },
        (response) => {
          let length = 0;
          response.on('data', (chunk: Buffer) => (length += chunk.length));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, length }));
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  const order: string[] = [];
  const long = send('PUT', 'big.ipynb', `{"type":"notebook","content":${notebook}}`).then((saved) => {
    order.push('saved');
    return saved;
  });
  for (let n = 0; n < 5; n++) expect(await send('GET', 'small.txt')).toMatchObject({ status: 200 });
  order.push('small');
  expect(await long).toMatchObject({ status: 201 });
  expect(order).toEqual(['small', 'saved']);
  expect(statSync(join(contents.root, 'big.ipynb')).size).toBeGreaterThan(megabytes * 1e6);
  const opened = await send('GET', 'big.ipynb');
  expect(opened.status).toBe(200);
  expect(opened.length).toBeGreaterThan(megabytes * 1e6);
  agent.destroy();
});
