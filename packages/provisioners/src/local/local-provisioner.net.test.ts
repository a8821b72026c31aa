import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { identify, type ProvisionedHandle, type ProvisionedKernel } from '@perijove/kernels';
import { fakeKernelspec } from '@perijove/testkit';
import { expect, test } from 'vitest';
import { sessionMembers } from './session-members.ts';
import { eventually, Place } from './testing/place.ts';

const field = (kernel: ProvisionedKernel, name: string): string => String(kernel.handle[name]);
const pidOf = (kernel: ProvisionedKernel): number => Number(kernel.handle['pid']);
const output = (kernel: ProvisionedKernel): Promise<string> => readFile(field(kernel, 'outputFile'), 'utf8');
const sessionOf = (kernel: ProvisionedKernel) =>
  sessionMembers({ pid: pidOf(kernel), startedAt: field(kernel, 'startedAt') });
/** The kernel's own process: the child of the supervising shell. */
const kernelPid = (kernel: ProvisionedKernel): Promise<number> =>
  eventually('the kernel runs', async () => (await sessionOf(kernel)).find((pid) => pid !== pidOf(kernel)));

test('[X1] a kernel gets a connection file of its own that only its user can read, and answers where that says', async () => {
  await using place = await Place.create();
  const provisioner = place.provisioner();
  const env = { JPY_SESSION_NAME: '/notebooks/a.ipynb' };
  const kernel = await place.launch(fakeKernelspec(), provisioner, { env });
  const file = field(kernel, 'connectionFile');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(place.runtimeDir)).mode & 0o777).toBe(0o700);
  const connection = JSON.parse(await readFile(file, 'utf8'));
  expect(connection).toEqual(kernel.connection);
  expect(connection).toMatchObject({
    transport: 'tcp',
    ip: '127.0.0.1',
    key: expect.stringMatching(/^[0-9a-f]{64}$/),
    kernel_name: 'test',
    jupyter_session: '/notebooks/a.ipynb',
  });
  expect(JSON.stringify(kernel.handle)).not.toContain(kernel.connection.key);
  const client = await place.client(kernel);
  expect((await client.execute('stream hello')).text).toBe('hello\n');
  const other = await place.launch(fakeKernelspec(), provisioner);
  expect(other.connection.key).not.toBe(connection.key);
  expect(place.phases).toEqual(['starting', 'starting']);
});

test('[X2] kernels started at once get different ports', async () => {
  await using place = await Place.create();
  const provisioner = place.provisioner();
  const kernels = await Promise.all(Array.from({ length: 8 }, () => place.script('sleep 60', provisioner)));
  const ports = kernels.flatMap(({ connection: c }) => [
    c.shell_port,
    c.iopub_port,
    c.stdin_port,
    c.control_port,
    c.hb_port,
  ]);
  expect(new Set(ports).size).toBe(40);
});

test("[X3] it inherits what programs need and no secrets, and has the kernelspec's", async () => {
  await using place = await Place.create();
  const env = {
    PATH: process.env['PATH'],
    HOME: '/home/me',
    PERIJOVE_TOKEN: 's',
    JUPYTER_TOKEN: 's',
    JPY_PARENT_PID: '1',
    npm_config_x: 's',
    AWS_SECRET_ACCESS_KEY: 's',
    NVIDIA_API_KEY: 's',
    DATABASE_URL: 's',
    LC_ALL: 'C',
    CONDA_PREFIX: '/opt/conda',
  };
  const kernel = await place.launch(
    { argv: ['/bin/sh', '-c', 'env'], env: { OF_SPEC: '${LC_ALL} indeed' } },
    place.provisioner({ env }),
    { env: { KERNEL_X: '1' } },
  );
  await kernel.exited;
  const lines = (await output(kernel)).split('\n').filter((line) => !/^(PWD|_|SHLVL|OLDPWD)=/.test(line));
  expect(lines.filter(Boolean).toSorted()).toEqual([
    'CONDA_PREFIX=/opt/conda',
    'HOME=/home/me',
    'KERNEL_X=1',
    'LC_ALL=C',
    'OF_SPEC=C indeed',
    `PATH=${process.env['PATH']}`,
  ]);
});

test('[X3] what is named it inherits too, but for what is the server alone', async () => {
  await using place = await Place.create();
  const env = { PATH: process.env['PATH'], AWS_REGION: 'eu', SECRET: 's', OTHER: 's', PERIJOVE_X: 's' };
  const provisioner = place.provisioner({ env, inheritedVariables: ['AWS_*', 'SECRET', 'PERIJOVE_X'] });
  const kernel = await place.script('env', provisioner);
  await kernel.exited;
  expect(await output(kernel)).toMatch(/AWS_REGION=eu/);
  expect(await output(kernel)).toMatch(/SECRET=s/);
  expect(await output(kernel)).not.toMatch(/OTHER|PERIJOVE/);
});

test('[X4] it has a session and process group of its own, nothing to read, and its working directory', async () => {
  await using place = await Place.create();
  const kernel = await place.script('cat; pwd; cut -d" " -f5,6 /proc/$$/stat');
  await kernel.exited;
  const [cwd, ids] = (await output(kernel)).trim().split('\n');
  expect(cwd).toBe(place.cwd);
  expect(ids).toBe(`${pidOf(kernel)} ${pidOf(kernel)}`);
});

test.each([
  [
    'a program that is nowhere on PATH',
    { argv: ['no-such-kernel'] },
    /its program no-such-kernel is nowhere on PATH/,
  ],
  ['a missing program', { argv: ['/no/such/kernel'] }, /its program \/no\/such\/kernel does not exist/],
  ['a program that is a folder', { argv: ['/tmp'] }, /its program \/tmp is not a file/],
  ['no program', { argv: [''] }, /is nowhere on PATH/],
  ['a name that no file can have', { argv: ['/bin/a\0b'] }, /may not be executed/],
])('[X5] %s: a clear reason at once, and nothing is left', async (_what, spec, expected) => {
  await using place = await Place.create();
  const error = await place.failure(place.launch(spec));
  expect(error.code).toBe('KERNEL_LAUNCH_FAILED');
  expect(error.message).toMatch(/^The kernel Test cannot start: /);
  expect(error.message).toMatch(expected);
  expect(error.message).toContain('/specs/test/kernel.json');
  expect(await place.files()).toEqual([]);
});

test('[X5] a program without the right to execute, a missing folder, a file for a folder', async () => {
  await using place = await Place.create();
  const file = join(place.folder, 'kernel');
  await writeFile(file, '#!/bin/sh\n');
  await chmod(file, 0o644);
  expect((await place.failure(place.launch({ argv: [file] }))).message).toMatch(/may not be executed/);
  const inCwd = (cwd: string) => place.failure(place.script('true', undefined, { cwd }));
  expect((await inCwd('/no/such/folder')).message).toMatch(
    /its working directory \/no\/such\/folder does not exist/,
  );
  await chmod(file, 0o755);
  expect((await inCwd(file)).message).toMatch(/its working directory .*\/kernel is not a folder/);
  expect((await place.failure(place.script('true', undefined, { kernelId: '../x' }))).message).toMatch(
    /cannot be part/,
  );
  expect(await place.files()).toEqual([]);
});

test('[X5] an environment that is too large is said', async () => {
  await using place = await Place.create();
  const error = await place.failure(
    place.script('true', undefined, { env: { LARGE: 'x'.repeat(4_000_000) } }),
  );
  expect(error.message).toMatch(/E2BIG/);
  expect(await place.files()).toEqual([]);
});

test('[X6] aborted before or while it starts: it fails, and nothing is left', async () => {
  await using place = await Place.create();
  const provisioner = place.provisioner();
  const before = place.failure(
    provisioner.launch(place.request(fakeKernelspec()), place.context(AbortSignal.abort())),
  );
  expect((await before).message).toMatch(/the start was cancelled/);
  const controller = new AbortController();
  const context = { signal: controller.signal, report: () => controller.abort() };
  const during = place.failure(
    provisioner.launch(place.request({ argv: ['/bin/sh', '-c', 'sleep 60'] }), context),
  );
  expect((await during).code).toBe('KERNEL_LAUNCH_FAILED');
  expect(await place.files()).toEqual([]);
});

test.each([
  ['exit 0', { reason: 'exited', code: 0, message: 'exited with code 0' }],
  [
    'echo oh no >&2; exit 3',
    { reason: 'exited', code: 3, message: 'exited with code 3', lastLines: ['oh no'] },
  ],
  ['exit 137', { reason: 'exited', code: 137, message: 'exited with code 137' }],
  ['kill -SEGV $$', { reason: 'exited', signal: 'SIGSEGV', message: 'killed by signal SIGSEGV' }],
  ['kill -TERM $$', { reason: 'exited', signal: 'SIGTERM', message: 'killed by signal SIGTERM' }],
  ['kill -INT $$', { reason: 'exited', signal: 'SIGINT', message: 'killed by signal SIGINT' }],
  [
    'kill -KILL $$',
    { reason: 'exited', signal: 'SIGKILL', message: expect.stringMatching(/^killed by signal SIGKILL/) },
  ],
])('[X7] `%s` is told as it was, to the parent and to who adopted it', async (script, expected) => {
  await using place = await Place.create();
  const gate = join(place.folder, 'gate');
  const kernel = await place.script(`while [ ! -e ${gate} ]; do sleep 0.02; done; ${script}`);
  const adopted = await place.adopt(kernel.handle);
  await writeFile(gate, '');
  expect(await kernel.exited).toEqual(expected);
  expect(await adopted.exited).toEqual(expected);
});

test('[X7] a program whose interpreter is missing could not be executed', async () => {
  await using place = await Place.create();
  const file = join(place.folder, 'kernel');
  await writeFile(file, '#!/no/such/interpreter\n', { mode: 0o755 });
  const exit = await (await place.launch({ argv: [file] })).exited;
  expect(exit).toMatchObject({ reason: 'exited', code: 127 });
  expect(exit.message).toMatch(/^could not be executed: .*kernel: /);
});

test('[X7] the last lines of its standard error are there, those of its standard output are not', async () => {
  await using place = await Place.create();
  const kernel = await place.script('for i in $(seq 30); do echo out $i; echo error $i >&2; done; exit 1');
  const { lastLines = [] } = await kernel.exited;
  expect(lastLines).toHaveLength(20);
  expect(lastLines.at(-1)).toBe('error 30');
  expect(await kernel.logs?.()).toEqual(lastLines);
});

test('[X8] an interrupt reaches the kernel and what it has started, and leaves the shell that watches', async () => {
  await using place = await Place.create();
  const kernel = await place.launch(fakeKernelspec());
  const client = await place.client(kernel);
  const started = new Promise<void>((resolve) => {
    client.onPublished = ({ header }) => {
      if (header.msg_type === 'execute_input') resolve();
    };
  });
  const sleeping = client.execute('sleep 60000');
  await started;
  await kernel.interrupt();
  expect((await sleeping).reply.content).toMatchObject({ ename: 'KeyboardInterrupt' });
  expect((await client.execute('stream on')).text).toBe('on\n');
  expect(await identify(pidOf(kernel))).toBeDefined();
});

test('[X9] destroy is polite, and when it returns nothing is left; it may be repeated', async () => {
  await using place = await Place.create();
  const kernel = await place.script(
    'trap "echo bye >&2; exit 5" TERM; echo ready; while :; do sleep 0.02; done',
  );
  await eventually('it runs', async () => (await output(kernel)) !== '');
  await kernel.destroy(10_000);
  expect(await kernel.exited).toEqual({
    reason: 'destroyed',
    code: 5,
    message: 'exited with code 5',
    // The shell also says that its `sleep` was terminated, if it was.
    lastLines: expect.arrayContaining(['bye']),
  });
  expect(await sessionOf(kernel)).toEqual([]);
  expect(await place.files()).toEqual([]);
  await kernel.destroy(10_000);
  await kernel.interrupt();
});

test('[X9] what does not go when asked is ended by force after the grace, or at once when asked again', async () => {
  await using place = await Place.create();
  const stubborn = 'trap "" TERM INT; echo ready; while :; do sleep 1; done';
  for (const destroy of [
    (kernel: ProvisionedKernel) => kernel.destroy(50),
    (kernel: ProvisionedKernel) => kernel.destroy(0),
    (kernel: ProvisionedKernel) => Promise.all([kernel.destroy(60_000), kernel.destroy(0)]),
  ]) {
    const kernel = await place.script(stubborn);
    await eventually('it runs', async () => (await output(kernel)) !== '');
    await destroy(kernel);
    expect(await kernel.exited).toMatchObject({ reason: 'destroyed', signal: 'SIGKILL' });
    expect(await sessionOf(kernel)).toEqual([]);
  }
  expect(await place.files()).toEqual([]);
});

test('[X9] what it has started in process groups of their own goes too, also after its end', async () => {
  await using place = await Place.create();
  // With job control on, a shell puts what it starts in the background into a group of its own.
  const kernel = await place.script('set -m; sleep 600 & sleep 600 & echo ready; exit 1');
  await kernel.exited;
  expect(await sessionOf(kernel)).toHaveLength(2);
  await kernel.destroy(0);
  expect(await sessionOf(kernel)).toEqual([]);
});

test('[X10] a kernel is found again by its handle alone, and goes on', async () => {
  await using place = await Place.create();
  const kernel = await place.launch(fakeKernelspec());
  const handle = JSON.parse(JSON.stringify(kernel.handle)) as ProvisionedHandle;
  const adopted = await place.adopt(handle);
  expect(adopted.connection).toEqual(kernel.connection);
  const client = await place.client(adopted);
  expect((await client.execute('stream still here')).text).toBe('still here\n');
  await adopted.destroy(5000);
  expect(await adopted.exited).toMatchObject({ reason: 'destroyed' });
  expect(await place.files()).toEqual([]);
});

test('[X11] one that has ended is told as it ended, and nothing of it is left', async () => {
  await using place = await Place.create();
  const kernel = await place.script('sleep 600 & echo oh no >&2; exit 3');
  await kernel.exited;
  expect(await place.provisioner().adopt(kernel.handle)).toEqual({
    ended: { reason: 'exited', code: 3, message: 'exited with code 3', lastLines: ['oh no'] },
  });
  expect(await sessionOf(kernel)).toEqual([]);
  expect(await place.files()).toEqual([]);
});

test('[X11] one that was killed with the shell that watches it, or went with the machine', async () => {
  await using place = await Place.create();
  const kernel = await place.script('sleep 600');
  process.kill(-pidOf(kernel), 'SIGKILL');
  await kernel.exited;
  const ended = { reason: 'unknown', message: expect.stringMatching(/^gone without a trace/) };
  expect(await place.provisioner().adopt(kernel.handle)).toEqual({ ended });
  const before = { ...kernel.handle, startedAt: 'former boot/1' };
  expect(await place.provisioner().adopt(before)).toEqual({
    ended: { reason: 'unknown', message: 'the machine was started anew' },
  });
});

test('[X11] a process that has its number by chance is neither adopted nor harmed', async () => {
  await using place = await Place.create();
  const kernel = await place.launch(fakeKernelspec());
  const client = await place.client(kernel);
  const provisioner = place.provisioner();
  const files = { logFile: '/nowhere/l', outputFile: '/nowhere/o', exitFile: '/nowhere/e' };
  const confinement = { kind: 'guard' };
  const found = (other: object) =>
    provisioner.adopt({ ...kernel.handle, ...files, connectionFile: '/nowhere/c', confinement, ...other });
  const [bootId] = field(kernel, 'startedAt').split('/');
  for (const startedAt of ['1', `another/1`, `${bootId}/1`])
    expect(await found({ startedAt })).toMatchObject({ ended: { reason: 'unknown' } });
  for (const other of [{ provisioner: 'other' }, { pid: 'x' }]) expect(await found(other)).toBeUndefined();
  expect((await client.execute('stream alive')).text).toBe('alive\n');
});

test('[X11] one whose connection file is gone is out of reach, so it ends', async () => {
  await using place = await Place.create();
  const kernel = await place.script('sleep 600');
  await writeFile(field(kernel, 'connectionFile'), 'spoilt');
  expect(await place.provisioner().adopt(kernel.handle)).toMatchObject({
    ended: { reason: 'destroyed', message: expect.stringContaining(field(kernel, 'connectionFile')) },
  });
  await kernel.exited;
  expect(await sessionOf(kernel)).toEqual([]);
  expect(await place.files()).toEqual([]);
});

test('[X18] one whose handle was never written down is found by its id, and goes on', async () => {
  await using place = await Place.create();
  const kernel = await place.launch(fakeKernelspec(), place.provisioner(), { kernelId: 'lost' });
  const other = await place.launch(fakeKernelspec(), place.provisioner(), { kernelId: 'lost-2' });
  const adopted = await place.adopt({ provisioner: 'local', kernelId: 'lost' });
  expect(adopted.handle).toEqual(kernel.handle);
  const client = await place.client(adopted);
  expect((await client.execute('stream still here')).text).toBe('still here\n');
  await adopted.destroy(0);
  expect(await sessionOf(kernel)).toEqual([]);
  expect(await identify(pidOf(other))).toBeDefined();
});

test('[X18] one that has ended meanwhile is told by its id as it ended; of a start that did not come so far nothing is left', async () => {
  await using place = await Place.create();
  const provisioner = place.provisioner();
  const handle = { provisioner: 'local', kernelId: 'lost' };
  const kernel = await place.script('echo oh no >&2; exit 3', provisioner, { kernelId: 'lost' });
  await kernel.exited;
  expect(await provisioner.adopt(handle)).toMatchObject({ ended: { code: 3, lastLines: ['oh no'] } });
  expect(await place.files()).toEqual([]);
  for (const file of ['run/kernel-lost.json', 'state/kernel-lost.log', 'state/kernel-lost.exit'])
    await writeFile(join(place.folder, file), '');
  expect(await provisioner.adopt(handle)).toBeUndefined();
  expect(await place.files()).toEqual([]);
  for (const kernelId of ['../x', 3]) {
    expect(await provisioner.adopt({ provisioner: 'local', kernelId })).toBeUndefined();
  }
});

test('[X18] one without a handle whose connection file is not there yet ends', async () => {
  await using place = await Place.create();
  const kernel = await place.script('sleep 600', place.provisioner(), { kernelId: 'lost' });
  await writeFile(field(kernel, 'connectionFile'), '{');
  expect(await place.provisioner().adopt({ provisioner: 'local', kernelId: 'lost' })).toMatchObject({
    ended: { reason: 'destroyed' },
  });
  expect(await sessionOf(kernel)).toEqual([]);
  expect(await place.files()).toEqual([]);
});

test('[X12] killed together with the shell that watches it, or the shell alone: it ends, and nobody claims to know why', async () => {
  await using place = await Place.create();
  const alone = await place.script('sleep 600');
  await kernelPid(alone);
  process.kill(pidOf(alone), 'SIGKILL');
  expect(await alone.exited).toMatchObject({ reason: 'unknown' });
  expect(await sessionOf(alone)).toEqual([]);
  const together = await place.script('sleep 600');
  const adopted = await place.adopt(together.handle);
  process.kill(-pidOf(together), 'SIGKILL');
  expect(await together.exited).toMatchObject({ reason: 'unknown' });
  expect(await adopted.exited).toMatchObject({ reason: 'unknown' });
});

test('[X13] a kernel that the system has just killed for want of memory has that reason; one killed by somebody has not', async () => {
  await using place = await Place.create();
  const counter = join(place.folder, 'memory.events');
  await writeFile(counter, 'low 0\noom 4\noom_kill 4\n');
  const provisioner = place.provisioner({ oomCounterFile: counter, limits: 'guard' });
  const first = await place.launch(fakeKernelspec(), provisioner);
  await place.client(first);
  process.kill(await kernelPid(first), 'SIGKILL');
  expect(await first.exited).toMatchObject({ reason: 'exited', signal: 'SIGKILL' });
  const second = await place.launch(fakeKernelspec(), provisioner);
  await place.client(second);
  await writeFile(counter, 'low 0\noom 5\noom_kill 5\n');
  process.kill(await kernelPid(second), 'SIGKILL');
  expect(await second.exited).toMatchObject({ reason: 'outOfMemory', signal: 'SIGKILL' });
});

test('[X14] its log is cut down to its end when it grows over its limit, and goes on', async () => {
  await using place = await Place.create();
  const provisioner = place.provisioner({ logLimitBytes: 10_000, watchIntervalMs: 20 });
  const kernel = await place.script(
    'i=0; while :; do i=$((i+1)); echo "line $i" >&2; [ $i -lt 5000 ] || sleep 0.01; done',
    provisioner,
  );
  const log = field(kernel, 'logFile');
  await eventually('the log was cut and is written on', async () => {
    const text = await readFile(log, 'utf8');
    return (
      text.startsWith('[… earlier lines removed]\nline ') && Number(/line (\d+)\n$/.exec(text)?.[1]) > 5010
    );
  });
  expect((await stat(log)).size).toBeLessThan(12_000);
});

test('[X15] over UNIX sockets, which go with it; a path too long for them is said', async () => {
  await using place = await Place.create();
  const kernel = await place.launch(fakeKernelspec(), place.provisioner({ transport: 'ipc' }));
  const client = await place.client(kernel);
  expect((await client.execute('stream hello')).text).toBe('hello\n');
  expect((await place.files()).length).toBeGreaterThan(5);
  await kernel.destroy(0);
  expect(await place.files()).toEqual([]);
  const long = place.provisioner({ transport: 'ipc', runtimeDir: join(place.folder, 'x'.repeat(120)) });
  expect((await place.failure(place.launch(fakeKernelspec(), long))).message).toMatch(
    /too long for a UNIX socket/,
  );
});

test('[X16] the machine, or its container, less a reserve is what kernels may have', async () => {
  await using place = await Place.create();
  const { memoryBytes, cpus } = await place.provisioner().capacity();
  expect(memoryBytes).toBeGreaterThan(0);
  expect(memoryBytes).toBeLessThan(totalmem());
  expect(cpus).toBe(availableParallelism());
});
