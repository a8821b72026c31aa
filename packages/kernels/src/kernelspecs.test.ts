import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Kernelspecs, type KernelspecsOptions } from './kernelspecs.ts';

let root: string;
const warnings: string[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'perijove-specs-'));
  warnings.length = 0;
});

afterEach(() => rm(root, { recursive: true }));

function look(options: Partial<KernelspecsOptions> = {}): Kernelspecs {
  const silent = () => undefined;
  return new Kernelspecs({
    paths: { kernelsPath: [join(root, 'first'), join(root, 'missing'), join(root, 'second')] },
    log: { debug: silent, info: silent, error: silent, warn: (_fields, message) => warnings.push(message) },
    ...options,
  });
}

async function install(folder: string, name: string, content: object | string = {}): Promise<string> {
  const path = join(root, folder, name);
  await mkdir(path, { recursive: true });
  const spec = { argv: ['program', '{connection_file}'], display_name: `${folder} ${name}`, language: 'x' };
  await writeFile(
    join(path, 'kernel.json'),
    typeof content === 'string' ? content : JSON.stringify({ ...spec, ...content }),
  );
  return path;
}

test('[D10] the first folder wins; names are in lower case and found in any', async () => {
  await install('first', 'Python3');
  await install('second', 'python3');
  await install('second', 'ir');
  const kernelspecs = look();
  const specs = await kernelspecs.list();
  expect([...specs.keys()].toSorted()).toEqual(['ir', 'python3']);
  expect((await kernelspecs.get('PYTHON3'))?.spec.display_name).toBe('first Python3');
});

test('[D11] nothing changed: the very same map; anything changed: another one', async () => {
  const path = await install('first', 'a');
  const kernelspecs = look();
  const before = await kernelspecs.list();
  expect(await kernelspecs.list()).toBe(before);
  await install('first', 'a', { display_name: 'other name' });
  const after = await kernelspecs.list();
  expect(after).not.toBe(before);
  expect(after.get('a')?.spec.display_name).toBe('other name');
  await writeFile(join(path, 'logo-svg.svg'), '<svg/>');
  expect((await kernelspecs.get('a'))?.files).toEqual(['kernel.json', 'logo-svg.svg']);
  await rm(path, { recursive: true });
  expect(await kernelspecs.get('a')).toBeUndefined();
});

test.each([
  ['{"argv": ["a"],\n  "display_name": oops}', /kernel\.json is not JSON: line 2, column 19; correct it/],
  ['[]', /is not a kernelspec: the file must be object; correct it/],
  [{ argv: [] }, /is not a kernelspec: \/argv must not have fewer than 1 items/],
  [{ argv: 'program' }, /is not a kernelspec: \/argv must be array/],
  [{ env: { A: 1 } }, /is not a kernelspec: \/env\/A must be string/],
  [{ interrupt_mode: 'never' }, /is not a kernelspec: \/interrupt_mode/],
])('[D12] a broken one (%j) is said once, and the others are there', async (content, expected) => {
  await install('first', 'broken', content);
  await install('first', 'good');
  const kernelspecs = look();
  expect([...(await kernelspecs.list()).keys()]).toEqual(['good']);
  await kernelspecs.list();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(expected);
  expect(warnings[0]).toContain(join(root, 'first', 'broken', 'kernel.json'));
  expect((await kernelspecs.hidden()).get('broken')?.reason).toBe(warnings[0]);
});

test('[D13] a folder without kernel.json, a file, a dangling link are no kernelspecs and no news', async () => {
  await mkdir(join(root, 'first', 'empty'), { recursive: true });
  await writeFile(join(root, 'first', 'file'), '');
  await symlink('/nowhere', join(root, 'first', 'link'));
  expect((await look().list()).size).toBe(0);
  expect(warnings).toEqual([]);
});

test('[D13] a name that is no name for a kernel is said', async () => {
  await install('first', 'my kernel');
  expect((await look().list()).size).toBe(0);
  expect(warnings[0]).toMatch(/other characters than ASCII letters/);
});

test('[D13] one that cannot be read is said', async () => {
  await mkdir(join(root, 'first', 'odd', 'kernel.json'), { recursive: true });
  expect((await look().list()).size).toBe(0);
  expect(warnings[0]).toMatch(/cannot be read \(EISDIR\)/);
});

test("[D14] what Jupyter's reader accepts is accepted: no names, capital letters, a byte order mark, unknown fields", async () => {
  await install('first', 'lenient', '\uFEFF{"argv": ["x"], "interrupt_mode": "Message", "more": [1]}');
  expect((await look().get('lenient'))?.spec).toEqual({
    argv: ['x'],
    display_name: 'lenient',
    language: '',
    interrupt_mode: 'message',
    more: [1],
  });
});

test('[D15] one for another provisioner, or for a gateway, is hidden with its reason', async () => {
  await install('first', 'remote', { metadata: { kernel_provisioner: { provisioner_name: 'k8s' } } });
  await install('first', 'local', {
    metadata: { kernel_provisioner: { provisioner_name: 'local-provisioner' } },
  });
  const metadata = (name: string) => ({
    metadata: { process_proxy: { class_name: `enterprise_gateway.services.${name}` } },
  });
  await install('first', 'yarn', metadata('processproxies.yarn.YarnClusterProcessProxy'));
  await install('first', 'plain', metadata('processproxies.processproxy.LocalProcessProxy'));
  const kernelspecs = look({ provisioners: ['local'] });
  expect([...(await kernelspecs.list()).keys()].toSorted()).toEqual(['local', 'plain']);
  const hidden = await kernelspecs.hidden();
  expect(hidden.get('remote')?.reason).toMatch(/asks for the provisioner k8s, which is not known here/);
  expect(hidden.get('yarn')?.reason).toMatch(/YarnClusterProcessProxy of a gateway/);
  const all = look({ provisioners: ['local', 'k8s'], startsProcessProxies: true });
  expect((await all.list()).size).toBe(4);
});

test('[D16] only allowed ones are offered', async () => {
  await install('first', 'a');
  await install('first', 'b');
  expect([...(await look({ allowed: ['b'] }).list()).keys()]).toEqual(['b']);
});

test('[D17] the default is python3, else another Python, else the first; or what is configured', async () => {
  expect(await look().defaultName()).toBe('python3');
  await install('first', 'a');
  expect(await look().defaultName()).toBe('a');
  await install('second', 'conda', { language: 'python' });
  expect(await look().defaultName()).toBe('conda');
  await install('second', 'python3', { language: 'python' });
  expect(await look().defaultName()).toBe('python3');
  expect(await look({ defaultName: 'a' }).defaultName()).toBe('a');
});

test('[D19] an extra one is there unless a folder has one of its name', async () => {
  const spec = { argv: ['extra'] as string[], display_name: 'Extra', language: 'x' };
  const extra = [{ name: 'python3', resourceDir: '/private', spec }];
  expect((await look({ extra }).get('python3'))?.spec.display_name).toBe('Extra');
  await install('second', 'python3');
  expect((await look({ extra }).get('python3'))?.spec.display_name).toBe('second python3');
});
