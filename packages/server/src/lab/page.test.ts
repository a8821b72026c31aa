import { afterEach, beforeEach, expect, test } from 'vitest';
import { jsonInHtml, labPage } from './page-template.ts';
import { createTestLab, type TestLab } from './test-lab.ts';

let lab: TestLab;
beforeEach(async () => {
  lab = await createTestLab();
});
afterEach(() => lab.remove());

function configIn(html: string): Record<string, unknown> {
  return JSON.parse(/type="application\/json">(.*?)<\/script>/s.exec(html)?.[1] ?? '') as Record<
    string,
    unknown
  >;
}

async function config(url = '/lab', from = lab) {
  return configIn((await from.get(url)).payload);
}

test('[P1] the page is there at every address of JupyterLab, with what the address says', async () => {
  const multiple = { mode: 'multiple-document', workspace: 'default', treePath: '' };
  const cases: [string, object][] = [
    ['/lab', multiple],
    ['/lab?reset&1700000000000', multiple],
    ['/lab/tree', multiple],
    ['/lab/tree/a%20b/c.ipynb', { ...multiple, treePath: 'a b/c.ipynb' }],
    ['/lab/workspaces/my-one', { ...multiple, workspace: 'my-one' }],
    ['/lab/workspaces/w_1/tree/x', { ...multiple, workspace: 'w_1', treePath: 'x' }],
    ['/doc', { ...multiple, mode: 'single-document' }],
    ['/doc/tree/x.ipynb', { ...multiple, mode: 'single-document', treePath: 'x.ipynb' }],
    ['/doc/workspaces/w/tree/x', { mode: 'single-document', workspace: 'w', treePath: 'x' }],
  ];
  for (const [url, expected] of cases) {
    const response = await lab.get(url);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(configIn(response.payload)).toMatchObject(expected);
    expect(configIn(response.payload)).not.toHaveProperty('notFoundUrl');
  }
});

test('[P2] an address that means nothing shows the page, which says so', async () => {
  for (const url of ['/lab/nothing', '/lab/workspaces/a%20b', '/lab/treeX', '/doc/x/y']) {
    expect(await config(url)).toMatchObject({ notFoundUrl: url, treePath: '' });
  }
});

test('[P3] a slash at the end is removed, the query kept, and never leads to another host', async () => {
  const location = async (url: string) => (await lab.get(url)).headers.location;
  expect(await location('/lab/')).toBe('/lab');
  expect(await location('/lab/tree/a/?x=1&y')).toBe('/lab/tree/a?x=1&y');
  expect(await location('/lab/tree//')).toBe('/lab/tree');
});

test('[P4] an unknown address of the API is 404 JSON, whatever the method; strangers get 403', async () => {
  for (const method of ['GET', 'POST', 'PUT', 'DELETE'] as const) {
    const url = '/lab/api/nothing/at/all';
    const response = await lab.app.inject({ method, url, headers: { authorization: 'token test-token' } });
    expect([response.statusCode, response.json()]).toEqual([404, { message: 'Not Found', reason: null }]);
    expect((await lab.app.inject({ method, url })).statusCode).toBe(403);
  }
});

test('[P5] strangers are sent to the login', async () => {
  const response = await lab.app.inject('/lab/tree/a?b=c');
  expect(response.statusCode).toBe(302);
  expect(response.headers.location).toBe(`/login?next=${encodeURIComponent('/lab/tree/a?b=c')}`);
});

test('[P6] the page has every option that the front end reads, under a base URL too', async () => {
  const based = await createTestLab({
    baseUrl: '/user/ada/',
    exposeAppInBrowser: true,
    preferredPath: 'work',
  });
  const options = await config('/user/ada/lab', based);
  const { payload } = await based.get('/user/ada/lab');
  await based.remove();
  expect(options).toMatchObject({
    appName: 'Perijove',
    appNamespace: 'lab',
    appVersion: '4.6.6',
    appUrl: '/lab',
    baseUrl: '/user/ada/',
    wsUrl: '',
    token: '',
    notebookVersion: '[2,17,0,""]',
    devMode: false,
    exposeAppInBrowser: true,
    fullStaticUrl: '/user/ada/static/lab',
    fullAppUrl: '/user/ada/lab',
    fullTreeUrl: '/user/ada/lab/tree',
    fullLabextensionsUrl: '/user/ada/lab/extensions',
    fullSettingsUrl: '/user/ada/lab/api/settings',
    fullThemesUrl: '/user/ada/lab/api/themes',
    fullTranslationsApiUrl: '/user/ada/lab/api/translations',
    fullWorkspacesApiUrl: '/user/ada/lab/api/workspaces',
    fullLicensesUrl: '/user/ada/lab/api/licenses',
    fullListingsUrl: '/user/ada/lab/api/listings',
    settingsUrl: '/lab/api/settings',
    themesUrl: '/lab/api/themes',
    translationsApiUrl: '/lab/api/translations',
    licensesUrl: '/lab/api/licenses',
    treeUrl: '/lab/tree',
    serverRoot: `${based.folder}/root`,
    rootUri: `file://${based.folder}/root`,
    virtualDocumentsUri: `file://${based.folder}/root/.virtual_documents`,
    preferredPath: 'work',
    terminalsAvailable: true,
    quitButton: true,
    buildAvailable: false,
    buildCheck: false,
    cacheFiles: true,
    notebookStartsKernel: true,
    copyAbsolutePath: false,
    allow_hidden_files: false,
    delete_to_trash: true,
    extensionManager: { name: 'read-only', can_install: false, install_path: null },
    news: { disabled: true },
    disabledExtensions: ['@jupyterlab/apputils-extension:announcements'],
    deferredExtensions: [],
    lockedExtensions: [],
    ignorePlugins: [],
    federated_extensions: [],
  });
  for (const name of [
    'appSettingsDir',
    'schemasDir',
    'staticDir',
    'templatesDir',
    'themesDir',
    'userSettingsDir',
    'workspacesDir',
  ]) {
    expect(options[name]).toEqual(expect.stringContaining(based.folder));
  }
  expect(payload).toContain('src="/user/ada/static/lab/main.0123456789abcdef.js"');
  expect(payload).toContain('href="/user/ada/static/favicons/favicon.ico"');
});

test('[P7] no token is ever in the page', async () => {
  expect((await lab.get('/lab')).payload).not.toContain('test-token');
});

test('[P8] what is in the options cannot end their script element', async () => {
  const { payload } = await lab.get(`/lab/tree/${encodeURIComponent(`</script><b>&'\u2028`)}`);
  expect(payload.split('</script>').length).toBe(3);
  expect(payload).toContain(String.raw`\u003c/script\u003e\u003cb\u003e\u0026\u0027\u2028`);
  expect(configIn(payload)['treePath']).toBe(`</script><b>&'\u2028`);
  expect(JSON.parse(jsonInHtml({ a: `<>&'"\\` }))).toEqual({ a: `<>&'"\\` });
  expect(() => labPage('{{what}}', { version: '', appVersion: '' })).toThrow('unknown placeholder {{what}}');
});

test('[P9] page configuration is layered: application, system, user, and disabling can be undone further up', async () => {
  await lab.write({
    'data/lab/settings/page_config.json': {
      quitButton: false,
      disabledExtensions: ['@x/one', '@x/two'],
      extra: 'app',
    },
    'etc/labconfig/page_config.json': {
      disabledExtensions: { '@x/two': false, '@x/three': true },
      extra: 'system',
    },
    'config/labconfig/page_config.d/a.json': { deferredExtensions: { '@x/late': true }, other: 1 },
    'config/labconfig/page_config.json': {
      disabledExtensions: { '@x/four': true },
      extra: 'user',
      other: null,
    },
  });
  const options = await config();
  expect(options).toMatchObject({
    quitButton: false,
    extra: 'user',
    disabledExtensions: ['@jupyterlab/apputils-extension:announcements', '@x/one', '@x/three', '@x/four'],
    deferredExtensions: ['@x/late'],
  });
  expect(options).not.toHaveProperty('other');
});

test('[P10] configuration cannot change what is this server itself', async () => {
  await lab.write({
    'config/labconfig/page_config.json':
      '{"baseUrl": "https://evil", "token": "x", "federated_extensions": "no", "__proto__": {"polluted": true}}',
  });
  expect(await config()).toMatchObject({ baseUrl: '/', token: '', federated_extensions: [] });
  expect(({} as { polluted?: boolean }).polluted).toBe(undefined);
});

test('[P11] a change of configuration is seen by the next page; a broken file is reported once and ignored', async () => {
  expect(await config()).toMatchObject({ quitButton: true });
  await lab.write({ 'config/labconfig/page_config.json': { quitButton: false } });
  expect(await config()).toMatchObject({ quitButton: false });
  await lab.write({ 'config/labconfig/page_config.json': '{"quitButton": fals' });
  expect(await config()).toMatchObject({ quitButton: true });
  await config();
  expect(lab.logged().match(/page configuration is ignored/g)?.length).toBe(1);
});

test('[P12] without a built front end the page says so, and is there once it is built', async () => {
  const unbuilt = await createTestLab({ appDir: '/no/such/folder' });
  const response = await unbuilt.get('/lab');
  expect(response.statusCode).toBe(503);
  expect(response.payload).toContain('front end is not built');
  await unbuilt.remove();
});

test("[P30] the page loads the user's own styles if it is told to", async () => {
  const link = '<link rel="stylesheet" href="/custom/custom.css" />';
  expect((await lab.get('/lab')).payload).not.toContain('custom.css');
  const styled = await createTestLab({ customCss: true });
  expect((await styled.get('/lab')).payload).toContain(link);
  await styled.remove();
});
