// JupyterLab in Chromium until its launcher is seen (nothing lies above it): the first visit with a fresh profile, and a second one
// with the browser started again on that profile. Requests and bytes over the network until then.
// Needs `npm run build` and Chromium. Usage: node benchmarks/lab-load.js [rounds]
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from '../packages/testkit/dist/index.js';
import { median } from './roles/bench.js';
import { installedServers, token } from './servers/kinds.js';
import { compare, Results, sayConditions, sayLoadAfter } from './servers/report.js';
import { makeFolders, removeFolders, startServer } from './servers/start-server.js';

const rounds = Number(process.argv[2] ?? 5);
const executablePath = findChromium();
if (!executablePath) throw new Error('Chromium is not installed; PERIJOVE_TEST_CHROMIUM names one');
const names = installedServers();
const results = new Results();
const running = [];
sayConditions(names);
try {
  for (const name of names) {
    const folders = makeFolders();
    running.push({ folders, server: await startServer(name, folders) });
  }
  for (let round = -1; round < rounds; round++) {
    for (const { folders, server } of running) {
      const profile = join(folders.base, 'profile');
      for (const which of ['first visit', 'second visit']) {
        const { ms, requests, cached, bytes } = await visit(server, profile);
        if (round < 0) continue;
        results.note(server.name, which, ms);
        results.note(server.name, `${which}, requests`, requests);
        results.note(server.name, `${which}, of them from the cache`, cached);
        results.note(server.name, `${which}, kB over the network`, bytes / 1000);
      }
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  }
} finally {
  for (const { server, folders } of running) {
    await server.stop();
    await removeFolders(folders);
  }
}
for (const [which, goal] of [
  ['first visit', '≤ 2500'],
  ['second visit', '≤ 1900'],
]) {
  compare(`${which}, launcher seen`, 'ms', results.of(which, median), { goal, digits: 0 });
  for (const what of ['requests', 'of them from the cache', 'kB over the network'])
    compare(`  ${what}`, '', results.of(`${which}, ${what}`, median), { digits: 0 });
}
sayLoadAfter();

async function visit(server, profile) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    viewport: { width: 1280, height: 800 },
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
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const network = await context.newCDPSession(page);
    await network.send('Network.enable');
    let [requests, bytes, cached] = [0, 0, 0];
    network.on(
      'Network.requestWillBeSent',
      ({ request }) => (requests += request.url.startsWith('http') ? 1 : 0),
    );
    // The first is the memory's cache, the second that of the disk.
    network.on('Network.requestServedFromCache', () => cached++);
    network.on('Network.responseReceived', ({ response }) => (cached += response.fromDiskCache ? 1 : 0));
    network.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    const began = performance.now();
    await page.goto(`${server.url}lab?token=${token}`, { waitUntil: 'commit' });
    await page.waitForFunction(isLauncherSeen, undefined, { polling: 'raf', timeout: 120_000 });
    const ms = performance.now() - began;
    return { ms, requests, cached, bytes };
  } finally {
    await context.close();
  }
}

function isLauncherSeen() {
  const card = document.querySelector('.jp-LauncherCard');
  if (!card) return false;
  const { x, y, width, height } = card.getBoundingClientRect();
  return width > 0 && card.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}
