import { afterEach, beforeEach, expect, test } from 'vitest';
import { withToken } from '../http/test-app.ts';
import { createTestLab, type TestLab } from './test-lab.ts';
import { withAbsoluteUrls } from './themes.ts';

let lab: TestLab;
beforeEach(async () => {
  lab = await createTestLab();
});
afterEach(() => lab.remove());

const build = {
  load: 'static/remoteEntry.0123456789abcdef0123.js',
  extension: './extension',
  style: './style',
};

/** Off unless a user's configuration says otherwise. */
const announcements = '@jupyterlab/apputils-extension:announcements';

function extension(folder: string, name: string, jupyterlab: object = { _build: build }, more: object = {}) {
  return {
    [`${folder}/package.json`]: {
      name,
      version: '1.2.3',
      description: 'does it',
      license: 'MIT',
      author: { name: 'Ada' },
      repository: { url: 'git+https://x.org/r.git' },
      jupyterlab,
      ...more,
    },
    [`${folder}/static/remoteEntry.0123456789abcdef0123.js`]: `/* ${folder} */`,
    [`${folder}/static/plain.js`]: '1',
  };
}

async function federated() {
  const { payload } = await lab.get('/lab');
  return JSON.parse(/type="application\/json">(.*?)<\/script>/s.exec(payload)?.[1] ?? '');
}

test("[P31] prebuilt extensions are found in Jupyter's folders, the first of a name counts", async () => {
  await lab.write({
    ...extension('env/share/jupyter/labextensions/one', 'one'),
    ...extension('data/labextensions/one', 'one', { _build: { ...build, load: 'static/shadowed.js' } }),
    ...extension('data/labextensions/@org/two', '@org/two', {
      _build: { load: 'r.js', mimeExtension: './mime', entrypoints: ['x'] },
    }),
    ...extension('data/labextensions/unbuilt', 'unbuilt', {}),
    'data/labextensions/broken/package.json': '{',
    'data/labextensions/nameless/package.json': {},
    'data/labextensions/not-a-folder': 'x',
  });
  expect((await federated()).federated_extensions).toEqual([
    { name: 'one', ...build },
    { name: '@org/two', load: 'r.js', mimeExtension: './mime', entrypoints: ['x'] },
  ]);
  expect(lab.logged()).toContain('unbuilt');
  expect(lab.logged()).toContain('labextensions/broken/package.json');
  expect(lab.logged()).toContain('names no package');
});

test('[P32] an extension that replaces others disables them, unless it is disabled itself', async () => {
  await lab.write(
    extension('data/labextensions/one', 'one', {
      _build: build,
      disabledExtensions: ['@jupyterlab/old', '@jupyterlab/kept'],
    }),
  );
  await lab.write({
    'config/labconfig/page_config.json': { disabledExtensions: { '@jupyterlab/kept': false } },
  });
  expect((await federated()).disabledExtensions).toEqual([announcements, '@jupyterlab/old']);
  await lab.write({ 'config/labconfig/page_config.json': { disabledExtensions: { one: true } } });
  expect((await federated()).disabledExtensions).toEqual([announcements, 'one']);
});

test('[P33] scripts of extensions are for everybody, kept for ever by their hash, and nothing else is', async () => {
  await lab.write({
    ...extension('data/labextensions/@org/two', '@org/two'),
    'data/labextensions/secret.txt': 'secret',
    'data/secret.txt': 'secret',
  });
  const get = (url: string) => lab.app.inject(`/lab/extensions/${url}`);
  const hashed = await get('@org/two/static/remoteEntry.0123456789abcdef0123.js');
  expect(hashed.payload).toBe('/* data/labextensions/@org/two */');
  expect(hashed.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-type': 'text/javascript; charset=utf-8',
  });
  const plain = await get('@org/two/static/plain.js');
  expect(plain.headers['cache-control']).toBe('no-cache');
  for (const url of [
    '',
    '@org',
    '@org/two',
    '@org/two/',
    '@org/two/static',
    '@org/none/x.js',
    'secret.txt',
    '@org/two/../../secret.txt',
    '@org/two/%2e%2e/%2e%2e/secret.txt',
    '@org/two/..%2f..%2fsecret.txt',
    '@org/two/a%00b',
  ]) {
    expect([url, (await get(url)).statusCode]).toEqual([url, 404]);
  }
});

test("[P34] a theme's relative addresses are made absolute", async () => {
  expect(
    withAbsoluteUrls(`a{b:url('i/a.png')} c{d:url("../x.svg")} e{f:url(y.woff2)}`, '/b/themes/@o/t'),
  ).toBe(
    `a{b:url('/b/themes/@o/t/i/a.png')} c{d:url('/b/themes/@o/x.svg')} e{f:url('/b/themes/@o/t/y.woff2')}`,
  );
  const untouched = `a{b:url('/abs.png')} c{d:url(data:image/png;base64,AAA=)} e{f:url(https://x/y)} g{h:url(#i)}`;
  expect(withAbsoluteUrls(untouched, '/b')).toBe(untouched);
});

test('[P35] themes come from extensions, then from the front end, and are asked for again cheaply', async () => {
  await lab.write({
    ...extension('data/labextensions/my-theme', 'my-theme'),
    'data/labextensions/my-theme/themes/my-theme/index.css': "a{b:url('x.png')}",
    'data/labextensions/my-theme/themes/my-theme/x.png': 'png',
    'app/themes/@jupyterlab/theme-light-extension/index.css': ':root{}',
    'app/secret.css': 'secret',
  });
  const get = (path: string, headers: object = {}) =>
    lab.app.inject({ url: `/lab/api/themes/${path}`, headers: { ...withToken, ...headers } });
  const mine = await get('my-theme/index.css');
  expect(mine.payload).toBe("a{b:url('/lab/api/themes/my-theme/x.png')}");
  expect(mine.headers['content-type']).toBe('text/css; charset=utf-8');
  expect((await get('my-theme/x.png')).payload).toBe('png');
  const light = await get('@jupyterlab/theme-light-extension/index.css');
  expect(light.payload).toBe(':root{}');
  expect(
    (await get('@jupyterlab/theme-light-extension/index.css', { 'if-none-match': light.headers.etag }))
      .statusCode,
  ).toBe(304);
  await lab.write({ 'app/themes/@jupyterlab/theme-light-extension/index.css': ':root{a:b}' });
  expect(
    (await get('@jupyterlab/theme-light-extension/index.css', { 'if-none-match': light.headers.etag }))
      .payload,
  ).toBe(':root{a:b}');
  for (const path of ['none/index.css', '../secret.css', '..%2fsecret.css', 'x%00.css', ''])
    expect((await get(path)).statusCode).toBe(404);
});

test('[P36] licences come as JSON, CSV and Markdown, of all bundles or some', async () => {
  const packages = [{ name: 'x, "y"', versionInfo: '1', licenseId: 'MIT', extractedText: 'line\nline' }];
  await lab.write({
    'app/third-party-licenses.json': { packages },
    ...extension('data/labextensions/@org/two', '@org/two'),
    'data/labextensions/@org/two/static/third-party-licenses.json': { packages: [{ name: 'z' }] },
  });
  const get = async (query: string) => lab.get(`/lab/api/licenses/${query}`);
  expect((await get('')).json()).toEqual({
    bundles: { '@org/two': { packages: [{ name: 'z' }] }, '@perijove/lab': { packages } },
  });
  const csv = await get('?format=csv&download=1');
  expect(csv.headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': 'attachment; filename="perijove-licenses.csv"',
  });
  expect(csv.payload).toBe(
    'bundle,name,versionInfo,licenseId,extractedText\r\n@org/two,z,,,\r\n@perijove/lab,"x, ""y""",1,MIT,"line\nline"\r\n',
  );
  const markdown = (await get('?format=markdown&full_text=false')).payload;
  expect(markdown).toContain('# @perijove/lab\n\n## **x, "y"**\t`1`\tMIT');
  expect(markdown).not.toContain('line');
  expect(Object.keys((await get('?bundles=@org/.*')).json().bundles)).toEqual(['@org/two']);
  expect(Object.keys((await get('?bundles=%40org%2Ftwo|none')).json().bundles)).toEqual(['@org/two']);
  expect((await get('?format=pdf')).statusCode).toBe(400);
  expect((await get(`?bundles=${encodeURIComponent('(a+)+$')}`)).statusCode).toBe(400);
});

test('[P37] the extension manager shows what is installed, and installs nothing', async () => {
  await lab.write(
    extension('data/labextensions/one', 'one', { _build: build }, { homepage: 'https://one.org' }),
  );
  await lab.write({
    'data/labextensions/one/install.json': { packageManager: 'python', packageName: 'one' },
  });
  expect((await lab.get('/lab/api/extensions')).json()).toEqual([
    {
      name: 'one',
      description: 'does it',
      homepage_url: 'https://one.org',
      pkg_type: 'prebuilt',
      allowed: true,
      approved: false,
      companion: null,
      core: false,
      enabled: true,
      install: { packageManager: 'python', packageName: 'one' },
      installed: true,
      installed_version: '1.2.3',
      latest_version: '1.2.3',
      status: 'ok',
      author: 'Ada',
      license: 'MIT',
      bug_tracker_url: null,
      documentation_url: null,
      package_manager_url: null,
      repository_url: 'https://x.org/r.git',
    },
  ]);
  expect((await lab.get('/lab/api/extensions?query=anything&page=1&per_page=30')).json()).toEqual([]);
  for (const cmd of ['install', 'uninstall']) {
    expect((await lab.post('/lab/api/extensions', { cmd, extension_name: 'one' })).statusCode).toBe(403);
  }
  expect((await lab.post('/lab/api/extensions', { cmd: 'disable', extension_name: 'one' })).statusCode).toBe(
    201,
  );
  expect((await lab.get('/lab/api/extensions')).json()[0]).toMatchObject({ enabled: false });
});

test("[P38] plugins are switched off and on in the user's configuration, all clicks count, locked ones stay", async () => {
  await lab.write({
    'config/labconfig/page_config.json': { mine: 1 },
    'etc/labconfig/page_config.json': { lockedExtensions: { '@x/locked': true } },
  });
  const turn = async (cmd: string, name: string) => lab.post('/lab/api/plugins', { cmd, plugin_name: name });
  const [first] = await Promise.all([turn('disable', 'a:b'), turn('disable', 'c'), turn('disable', 'd:e')]);
  expect([first?.statusCode, first?.json()]).toEqual([
    201,
    { status: 'ok', message: null, needs_restart: ['frontend'] },
  ]);
  expect((await turn('disable', 'c')).json()).toMatchObject({ needs_restart: [] });
  await turn('enable', 'c');
  const page = await federated();
  expect(page).toMatchObject({ disabledExtensions: [announcements, 'a:b', 'd:e'], mine: 1 });

  expect((await lab.get('/lab/api/plugins')).json()).toEqual({ lockRules: ['@x/locked'], allLocked: false });
  for (const name of ['@x/locked', '@x/locked:plugin'])
    expect((await turn('disable', name)).statusCode).toBe(403);
  for (const payload of [
    { cmd: 'dance', plugin_name: 'a' },
    { cmd: 'enable' },
    { cmd: 'enable', plugin_name: '' },
    [],
  ]) {
    expect((await lab.post('/lab/api/plugins', payload)).statusCode).toBe(400);
  }
  await lab.write({ 'config/labconfig/page_config.json': '{ broken' });
  expect((await turn('disable', 'x')).statusCode).toBe(409);
});

test('[P39] what stock extensions ask for and is not here gets a quiet answer', async () => {
  expect((await lab.get('/lsp/status')).json()).toEqual({ version: 2, sessions: {}, specs: {} });
  expect((await lab.get('/lab/api/build')).json()).toEqual({ status: 'stable', message: '' });
  expect((await lab.post('/lab/api/build', {})).statusCode).toBe(501);
  expect((await lab.get('/lab/api/news')).json()).toEqual({ news: [] });
  expect((await lab.get('/lab/api/update')).json()).toEqual({ notification: null });
  const listing = '/lab/api/listings/@jupyterlab/extensionmanager-extension/listings.json';
  expect((await lab.get(listing)).json()).toEqual({
    blocked_extensions_uris: [],
    allowed_extensions_uris: [],
    blocked_extensions: [],
    allowed_extensions: [],
  });
  expect((await lab.get('/lab/api/listings/other')).statusCode).toBe(400);
});
