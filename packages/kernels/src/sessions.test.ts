import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FileSessionStore } from './session-store.ts';
import { Sessions } from './sessions.ts';
import type { KernelRegistry } from './kernel-registry.ts';
import type { ScriptedChannels } from './test-support/scripted-channels.ts';
import { openTestRegistry, type TestRegistry } from './test-support/test-registry.ts';

let given: TestRegistry;
let sessions: Sessions<ScriptedChannels>;

beforeEach(async () => {
  given = await openTestRegistry();
  sessions = openSessions(given.registry);
  await sessions.adopt();
});
afterEach(async () => {
  // Ends of kernels are written down too; those of a drained registry are the next one's.
  await given.registry.stopAll().catch(() => {});
  await sessions.flush();
  await given[Symbol.asyncDispose]();
});

const file = (): string => join(given.folder, 'sessions.json');

function openSessions(registry: KernelRegistry<ScriptedChannels>): Sessions<ScriptedChannels> {
  return new Sessions({
    registry,
    store: new FileSessionStore(file(), given.log),
    log: given.log,
    placeOf: (path, name) =>
      Promise.resolve({ cwd: given.folder, sessionName: join(given.folder, name === '' ? path : name) }),
  });
}

const notebook = { path: 'a.ipynb', name: 'a.ipynb', type: 'notebook', kernel: { name: 'python3' } };
const ready = (id: string): Promise<void> => given.registry.require(id).ready(AbortSignal.timeout(5000));

test('[K70] a session is there at once, while its kernel starts', async () => {
  given.provisioner.gate = new Promise(() => {});
  const session = await sessions.create(notebook, 'ada');
  expect(session).toEqual({
    id: session.id,
    path: 'a.ipynb',
    name: 'a.ipynb',
    type: 'notebook',
    notebook: { path: 'a.ipynb', name: 'a.ipynb' },
    kernel: expect.objectContaining({ name: 'python3', execution_state: 'starting' }),
  });
  expect(sessions.list()).toEqual([session]);
});

test('[K70] the kernel is told the path of its document', async () => {
  const session = await sessions.create(notebook, 'ada');
  await ready(session.kernel.id);
  expect(given.provisioner.launched[0]).toMatchObject({
    cwd: given.folder,
    env: { JPY_SESSION_NAME: join(given.folder, 'a.ipynb') },
    username: 'ada',
  });
});

test('[K71] a path that has a session keeps it, whatever else is asked for, also from two clients at once', async () => {
  const [first, second] = await Promise.all([
    sessions.create(notebook, 'ada'),
    sessions.create(notebook, 'ada'),
  ]);
  const third = await sessions.create({ ...notebook, type: 'console', kernel: { name: 'other' } }, 'ada');
  expect([second.id, third.id]).toEqual([first.id, first.id]);
  expect(given.registry.list()).toHaveLength(1);
});

test('[K71] a kernel that is chosen by id is shared; one that is not there is started under that id', async () => {
  const kernel = await given.registry.start({ cwd: given.folder, env: {}, username: 'ada' });
  const shared = await sessions.create({ ...notebook, kernel: { id: kernel.id } }, 'ada');
  expect(shared.kernel.id).toBe(kernel.id);
  const id = '11111111-2222-3333-4444-555555555555';
  const chosen = await sessions.create(
    { ...notebook, path: 'b.ipynb', kernel: { id, name: 'other' } },
    'ada',
  );
  expect(chosen.kernel).toMatchObject({ id, name: 'other' });
});

test('[K71] a failed start leaves no session, and the next try is a new one', async () => {
  const request = { ...notebook, kernel: { name: 'nothing' } };
  await expect(sessions.create(request, 'ada')).rejects.toMatchObject({ code: 'KERNELSPEC_NOT_FOUND' });
  expect(sessions.list()).toEqual([]);
  await sessions.create(notebook, 'ada');
});

test('[K72] a session whose kernel died keeps it, with the reason, until somebody starts anew', async () => {
  const session = await sessions.create({ ...notebook, kernel: { name: 'missing' } }, 'ada');
  await given.registry.require(session.kernel.id).died();
  expect(sessions.list()[0]?.kernel).toMatchObject({
    execution_state: 'dead',
    reason: '/no/such/kernel cannot be started: no such file.',
  });
  const again = await sessions.create(notebook, 'ada');
  expect(again.id).toBe(session.id);
  expect(again.kernel.id).not.toBe(session.kernel.id);
  await vi.waitFor(() => expect(given.registry.get(session.kernel.id)).toBeUndefined());
  expect(sessions.list()).toHaveLength(1);
});

test('[K73] a renamed document is renamed for the kernel when it starts the next time', async () => {
  const { id, kernel } = await sessions.create(notebook, 'ada');
  await ready(kernel.id);
  const renamed = await sessions.update(id, { path: 'b.ipynb', name: 'b.ipynb' });
  expect(renamed).toMatchObject({
    id,
    path: 'b.ipynb',
    name: 'b.ipynb',
    type: 'notebook',
    kernel: { id: kernel.id },
  });
  await given.registry.restart(kernel.id);
  expect(given.provisioner.launched[1]?.env).toEqual({ JPY_SESSION_NAME: join(given.folder, 'b.ipynb') });
});

test('[K74] another kernel, by name: the former one ends', async () => {
  const { id, kernel } = await sessions.create(notebook, 'ada');
  await ready(kernel.id);
  const changed = await sessions.update(id, { kernel: { name: 'other' } });
  expect(changed.kernel).toMatchObject({ name: 'other' });
  await vi.waitFor(() => expect(given.registry.get(kernel.id)).toBeUndefined());
  expect(sessions.list().map((session) => session.kernel.id)).toEqual([changed.kernel.id]);
});

test('[K74] a former kernel that another session has lives on', async () => {
  const first = await sessions.create(notebook, 'ada');
  const console = await sessions.create(
    { path: 'console', type: 'console', kernel: { id: first.kernel.id } },
    'ada',
  );
  await ready(first.kernel.id);
  const other = await given.registry.start({ cwd: given.folder, env: {}, username: 'ada' });
  await sessions.update(first.id, { kernel: { id: other.id } });
  expect(given.registry.require(console.kernel.id).state.status).toBe('running');
  expect(console).not.toHaveProperty('notebook');
});

test('[K74] a kernel that is not there: nothing changes', async () => {
  const session = await sessions.create(notebook, 'ada');
  const change = { kernel: { id: 'no-such' }, path: 'b.ipynb' };
  await expect(sessions.update(session.id, change)).rejects.toMatchObject({
    code: 'KERNEL_NOT_FOUND',
  });
  expect(sessions.get(session.id).path).toBe('a.ipynb');
});

test('[K75] a session that is deleted ends its kernel; other sessions of the kernel go with it', async () => {
  const first = await sessions.create(notebook, 'ada');
  await sessions.create({ path: 'console', type: 'console', kernel: { id: first.kernel.id } }, 'ada');
  await ready(first.kernel.id);
  await sessions.delete(first.id);
  expect(sessions.list()).toEqual([]);
  expect(given.registry.list()).toEqual([]);
  await expect(sessions.delete(first.id)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  expect(() => sessions.get(first.id)).toThrow(`Session not found: session_id='${first.id}'`);
});

test('[K75] a session whose kernel is stopped goes', async () => {
  const { kernel } = await sessions.create(notebook, 'ada');
  await ready(kernel.id);
  await given.registry.stop(kernel.id);
  expect(sessions.list()).toEqual([]);
});

test('[K76] the next server has the sessions of the kernels that it found', async () => {
  const kept = await sessions.create(notebook, 'ada');
  await ready(kept.kernel.id);
  await given.registry.drain();
  const text = await readFile(file(), 'utf8');
  await writeFile(
    file(),
    text.replace('"data":[', '"data":[{"id":"x","path":"x","name":"","type":"file","kernelId":"gone"},'),
  );
  const registry = given.reopen();
  await registry.adopt();
  const next = openSessions(registry);
  await next.adopt();
  expect(next.list().map(({ id, path, kernel }) => [id, path, kernel.id])).toEqual([
    [kept.id, 'a.ipynb', kept.kernel.id],
  ]);
});

test('[K76] a damaged file of sessions is set aside', async () => {
  await writeFile(file(), '{"version":1,"data":[{');
  const next = openSessions(given.registry);
  await next.adopt();
  expect(next.list()).toEqual([]);
});

test('[K77] a path is one session for each user, and a list is of those that one may see', async () => {
  const [hers, his] = await Promise.all([sessions.create(notebook, 'ada'), sessions.create(notebook, 'bob')]);
  expect(his.id).not.toBe(hers.id);
  expect(his.kernel.id).not.toBe(hers.kernel.id);
  expect((await sessions.create(notebook, 'bob')).id).toBe(his.id);
  const ids = (owner: string): string[] => sessions.list((other) => other === owner).map(({ id }) => id);
  expect([ids('ada'), ids('bob'), ids('eve')]).toEqual([[hers.id], [his.id], []]);
  expect([sessions.ownerOf(his.id), sessions.ownerOf('none')]).toEqual(['bob', undefined]);
});

test('[K78] whose a session is survives a restart; in files of before there were users it is as its kernel', async () => {
  const { id } = await sessions.create(notebook, 'ada');
  await sessions.flush();
  const again = openSessions(given.registry);
  await again.adopt();
  expect(again.ownerOf(id)).toBe('ada');
  const { version, data } = JSON.parse(await readFile(file(), 'utf8'));
  const before = data.map((record: object) => ({ ...record, username: undefined }));
  await writeFile(file(), JSON.stringify({ version, data: before }));
  const old = openSessions(given.registry);
  await old.adopt();
  expect(old.ownerOf(id)).toBe('ada');
});

test("[K79] a kernel that somebody starts for the session of another is the owner's", async () => {
  const { id } = await sessions.create(notebook, 'ada');
  const changed = await sessions.update(id, { kernel: { name: 'other' } });
  expect(given.registry.require(changed.kernel.id).record.username).toBe('ada');
});
