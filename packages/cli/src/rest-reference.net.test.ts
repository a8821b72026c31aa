import { expect, test } from 'vitest';
import { makeFolders, removeFolders, startPerijove } from '@perijove/testkit';

test('[B24] docs/reference/openapi.json is what the server says of itself; `npx vitest -u` writes it anew', async () => {
  const folders = await makeFolders();
  try {
    await using server = await startPerijove({ folders, env: {}, args: [] });
    const response = await server.fetch('api/spec.yaml');
    expect(response.status).toBe(200);
    await expect(await response.text()).toMatchFileSnapshot('../../../docs/reference/openapi.json');
  } finally {
    await removeFolders(folders);
  }
});

test('[B25] a password is chosen on the login page, and is the way in from then on', async () => {
  const folders = await makeFolders();
  try {
    await using server = await startPerijove({ folders, env: {}, args: [] });
    const login = async (form: Record<string, string>) => {
      const page = await fetch(new URL('login', server.url));
      const cookie = page.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      const body = new URLSearchParams({ _xsrf: cookie.slice('_xsrf='.length), ...form });
      return (
        await fetch(new URL('login', server.url), {
          method: 'POST',
          body,
          headers: { cookie },
          redirect: 'manual',
        })
      ).status;
    };
    expect(await login({ password: server.token, new_password: 'correct horse' })).toBe(302);
    expect(await login({ password: 'wrong horse' })).toBe(401);
    expect(await login({ password: 'correct horse' })).toBe(302);
  } finally {
    await removeFolders(folders);
  }
});
