import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** A Chromium of this machine: $PERIJOVE_TEST_CHROMIUM, or where systems install it. */
export function findChromium(): string | undefined {
  return process.env['PERIJOVE_TEST_CHROMIUM'] ?? places.find((place) => existsSync(place));
}

/** Starts Chromium without a window and without traffic of its own. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error('Chromium is not installed. On Debian: apt install chromium.');
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
