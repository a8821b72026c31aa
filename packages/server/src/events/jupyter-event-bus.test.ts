import { readFile } from 'node:fs/promises';
import pino from 'pino';
import { expect, test } from 'vitest';
import { createTestApp, withToken } from '../http/test-app.ts';
import { allEventSchemas } from './all-event-schemas.ts';
import type { ServerEvent } from './event-bus.ts';
import { eventReference } from './event-reference.ts';
import { eventRoutes } from './event-routes.ts';
import { JupyterEventBus } from './jupyter-event-bus.ts';
import { contentsServiceEvent, jupyterEventSchemas } from './jupyter-event-schemas.ts';

const silent = pino({ level: 'silent' });
const saved = { action: 'save', path: 'a.ipynb' };

test('[EV1] every listener gets every event, until it ends its subscription', () => {
  const bus = new JupyterEventBus(silent, jupyterEventSchemas);
  const seen: ServerEvent[] = [];
  const listener = (event: ServerEvent) => void seen.push(event);
  const end = bus.subscribe(listener);
  bus.subscribe(listener);
  bus.emit(contentsServiceEvent.id, saved);
  expect(seen).toEqual([1, 2].map(() => ({ schemaId: contentsServiceEvent.id, data: saved })));
  end();
  end();
  bus.emit(contentsServiceEvent.id, saved);
  expect(seen.length).toBe(3);
});

test('[EV2] emitting never throws: a listener that fails is logged and the others are told', () => {
  const logged: string[] = [];
  const bus = new JupyterEventBus(
    pino({}, { write: (line: string) => void logged.push(line) }),
    jupyterEventSchemas,
  );
  const seen: string[] = [];
  bus.subscribe(() => {
    throw new Error('broken listener');
  });
  bus.subscribe(({ schemaId }) => void seen.push(schemaId));
  bus.emit(contentsServiceEvent.id, saved);
  expect(seen).toEqual([contentsServiceEvent.id]);
  expect(logged.join('')).toContain('broken listener');
});

test('[EV3] an event that nobody registered is dropped and logged', () => {
  const logged: string[] = [];
  const bus = new JupyterEventBus(pino({}, { write: (line: string) => void logged.push(line) }));
  const seen: ServerEvent[] = [];
  bus.subscribe((event) => void seen.push(event));
  bus.emit('https://example.com/nothing/v1', {});
  expect(seen).toEqual([]);
  expect(logged.join('')).toContain('https://example.com/nothing/v1');
});

test('[EV4] an id is registered once', () => {
  const bus = new JupyterEventBus(silent, jupyterEventSchemas);
  bus.register(contentsServiceEvent);
  expect(() => bus.register({ ...contentsServiceEvent })).toThrow('registered already');
});

test('[EV5] POST /api/events emits what is of a registered form, and says what is wrong with the rest', async () => {
  const bus = new JupyterEventBus(silent, jupyterEventSchemas);
  const app = await createTestApp([eventRoutes({ bus, eventBufferBytes: 4096 })]);
  const seen: ServerEvent[] = [];
  bus.subscribe((event) => void seen.push(event));
  const post = async (payload: unknown) => {
    const response = await app.inject({
      method: 'POST',
      url: '/api/events',
      headers: withToken,
      payload: JSON.stringify(payload),
    });
    return response.statusCode === 204 ? 'ok' : `${response.statusCode} ${response.json().message}`;
  };
  const event = { schema_id: contentsServiceEvent.id, version: '1', data: saved };
  expect(await post(event)).toBe('ok');
  expect(await post({ ...event, version: 1 })).toBe('ok');
  for (const timestamp of [
    '2022-05-26T13:50:00+05:00Z',
    '2022-05-26T13:50:00+0500Z',
    '2022-05-26T13:50:00.123Z',
  ]) {
    expect(await post({ ...event, timestamp })).toBe('ok');
  }
  expect(seen.length).toBe(5);

  expect(await post({ ...event, schema_id: 'x' })).toBe("400 Unregistered event schema: 'x'");
  expect(await post({ ...event, version: '2' })).toBe(
    `400 Unregistered version: '2'≠'1' for '${contentsServiceEvent.id}'`,
  );
  expect(await post({ ...event, data: { action: 'dance', path: '' } })).toMatch(
    /^400 data\/action must be equal/,
  );
  expect(await post({ ...event, data: { action: 'save' } })).toMatch(
    /^400 data must have required property 'path'/,
  );
  expect(await post({ ...event, timestamp: 'yesterday' })).toMatch(/^400 timestamp/);
  for (const payload of [null, [], 'text', { schema_id: contentsServiceEvent.id }])
    expect(await post(payload)).toMatch(/^400/);
  expect(seen.length).toBe(5);
});

test('[EV6] a kernel action has a kernel, unless none could be started', async () => {
  const bus = new JupyterEventBus(silent, jupyterEventSchemas);
  const id = 'https://events.jupyter.org/jupyter_server/kernel_actions/v1';
  await bus.publish(id, '1', { action: 'start', status: 'error', msg: 'no' });
  await bus.publish(id, '1', { action: 'start', status: 'success', msg: 'yes', kernel_id: 'k' });
  await expect(bus.publish(id, '1', { action: 'interrupt', status: 'error', msg: 'no' })).rejects.toThrow(
    'kernel_id',
  );
});

test('[EV7] docs/reference/events.md says what the schemas say', async () => {
  const file = new URL('../../../../docs/reference/events.md', import.meta.url);
  await expect(readFile(file, 'utf8')).resolves.toBe(eventReference(allEventSchemas));
});
