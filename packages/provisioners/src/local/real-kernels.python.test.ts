import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { identify, Kernelspecs, type Kernelspec, type ProvisionedHandle } from '@perijove/kernels';
import { testPython, type DirectClient } from '@perijove/testkit';
import { expect, test } from 'vitest';
import { sessionMembers } from './session-members.ts';
import { eventually, Place } from './testing/place.ts';

const silent = () => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };

interface RealKernel {
  readonly title: string;
  readonly name: string;
  /** Folder of kernelspecs. */
  readonly folder: string;
  readonly print: string;
  readonly printed: string;
  /** Prints "begun", then goes on for minutes. */
  readonly long: string;
}

const kernelsOf = (python: string) => join(dirname(dirname(python)), 'share', 'jupyter', 'kernels');
const pythonLong = 'import time\nprint("begun", flush=True)\ntime.sleep(600)';
const kernels: RealKernel[] = [
  {
    title: 'ipykernel 7',
    name: 'python3',
    folder: kernelsOf(testPython()),
    print: 'print(6 * 7)',
    printed: '42\n',
    long: pythonLong,
  },
  {
    title: 'ipykernel 6',
    name: 'python3',
    folder: kernelsOf(testPython('ipykernel6')),
    print: 'print(6 * 7)',
    printed: '42\n',
    long: pythonLong,
  },
  {
    title: 'bash_kernel',
    name: 'bash',
    folder: kernelsOf(testPython()),
    print: 'echo $((6 * 7))',
    printed: '42\n',
    long: 'echo begun; sleep 600',
  },
  {
    title: 'IRkernel',
    name: 'ir',
    folder: '/usr/share/jupyter/kernels',
    print: 'cat(6 * 7, "\\n")',
    printed: '42 \n',
    long: 'cat("begun\\n"); flush.console(); Sys.sleep(600)',
  },
];

async function kernelspecOf({ name, folder }: RealKernel): Promise<Kernelspec> {
  const found = await new Kernelspecs({ paths: { kernelsPath: [folder] }, log }).get(name);
  if (!found) throw new Error(`there is no kernelspec ${name} in ${folder}`);
  return found;
}

function begun(client: DirectClient): Promise<void> {
  return new Promise((resolve) => {
    client.onPublished = ({ header, content }) => {
      if (header.msg_type === 'stream' && String(content['text']).includes('begun')) resolve();
    };
  });
}

for (const kernel of kernels) {
  // Debian's r-cran-irkernel; tools/test-setup.js says how to get it.
  const isThere = existsSync(join(kernel.folder, kernel.name));
  test.skipIf(!isThere)(
    `[X17] ${kernel.title} starts, executes, is interrupted, and leaves nothing`,
    async () => {
      await using place = await Place.create();
      const kernelspec = await kernelspecOf(kernel);
      const started = await place.launch({}, place.provisioner(), { kernelspec });
      const client = await place.client(started);
      expect((await client.execute(kernel.print)).text).toBe(kernel.printed);

      const isBegun = begun(client);
      const running = client.execute(kernel.long);
      await isBegun;
      await started.interrupt();
      await running;
      expect((await client.execute(kernel.print)).text).toBe(kernel.printed);

      const handle = started.handle as ProvisionedHandle & { pid: number; startedAt: string };
      await started.destroy(5000);
      expect(await started.exited).toMatchObject({ reason: 'destroyed' });
      expect(await sessionMembers(handle)).toEqual([]);
      expect(await place.files()).toEqual([]);
    },
  );
}

test.each(['ipykernel7', 'ipykernel6'] as const)('[X7] %s: exit code and signal', async (kind) => {
  await using place = await Place.create();
  const kernelspec = await kernelspecOf({ ...kernels[0]!, folder: kernelsOf(testPython(kind)) });
  const start = async () => {
    const kernel = await place.launch({}, place.provisioner(), { kernelspec });
    return { kernel, client: await place.client(kernel) };
  };
  const run = (client: DirectClient, code: string) => {
    const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
    client.send('1', 'execute_request', content);
  };
  const exiting = await start();
  run(exiting.client, 'import os\nos._exit(7)');
  expect(await exiting.kernel.exited).toMatchObject({ reason: 'exited', code: 7 });
  const crashing = await start();
  run(crashing.client, 'import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)');
  expect(await crashing.kernel.exited).toMatchObject({ reason: 'exited', signal: 'SIGSEGV' });
});

test('[X10] a kernel outlives the process that started it, and another one goes on with it', async () => {
  await using place = await Place.create();
  const kernelspec = await kernelspecOf(kernels[0]!);
  const starter = `
    import { localProvisioner } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const { request, ...places } = ${JSON.stringify({
      request: place.request({}, { kernelspec }),
      runtimeDir: place.runtimeDir,
      stateDir: place.stateDir,
      home: place.folder,
    })};
    const context = { signal: new AbortController().signal, report() {} };
    const kernel = await localProvisioner({ ...places, env: process.env, log }).launch(request, context);
    process.stdout.write(JSON.stringify(kernel.handle) + '\\n', () => process.kill(process.pid, 'SIGKILL'));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', starter], {
    cwd: dirname(fileURLToPath(import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  expect((await once(child, 'close'))[1]).toBe('SIGKILL');
  const handle = JSON.parse(printed) as ProvisionedHandle & { pid: number };

  const adopted = await place.adopt(handle);
  const client = await place.client(adopted);
  expect((await client.execute('print("still here")')).text).toBe('still here\n');
  const { ppid } = JSON.parse(
    (await client.execute('import os, json; print(json.dumps({"ppid": os.getppid()}))')).text,
  ) as {
    ppid: number;
  };
  expect(ppid).toBe(handle.pid);
  client.send('x', 'execute_request', { code: 'import os; os._exit(9)', silent: false });
  expect(await adopted.exited).toMatchObject({ reason: 'exited', code: 9 });
  await adopted.destroy(0);
  expect(await place.files()).toEqual([]);
  await eventually('it is reaped', async () => (await identify(handle.pid)) === undefined);
  expect(execFileSync('ps', ['-eo', 'args']).toString()).not.toContain(place.folder);
});
