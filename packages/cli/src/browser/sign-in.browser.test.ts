import { launchChromium, startPerijove, testPython, type PerijoveProcess } from '@perijove/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from './lab-page.ts';

const password = 'perijove is the point of an orbit nearest to Jupiter';

let browser: Browser;
let server: PerijoveProcess;

beforeAll(async () => {
  [browser, server] = await Promise.all([launchChromium(), startPerijove({ python: testPython() })]);
});
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

/** Somebody who has never been here, at the address without a token. */
async function arrive(): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.url}lab/tree/somewhere?one=1`);
  expect(new URL(page.url()).pathname).toBe('/login');
  return page;
}

async function signIn(page: Page, secret: string): Promise<void> {
  await page.getByLabel(/^(Token|Password)/).fill(secret);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('[U50] whoever has the token gets where he wanted; whoever has not is told', async () => {
  const page = await arrive();
  await signIn(page, 'guessed');
  await page.getByRole('alert').waitFor();
  await signIn(page, server.token);
  await page.waitForURL('**/lab**');
  await page.waitForSelector('.jp-LauncherCard');
  await page.context().close();
});

test('[U51] a password chosen with the token logs in from then on', async () => {
  const page = await arrive();
  await page.getByText('Use a password from now on').click();
  await page.getByLabel(/^Token/).fill(server.token);
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForSelector('.jp-LauncherCard');
  await page.context().close();

  const next = await arrive();
  await signIn(next, password);
  await next.waitForSelector('.jp-LauncherCard');
  await next.context().close();
});
