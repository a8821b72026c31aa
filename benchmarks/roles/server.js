// A server with one kernel's WebSocket.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestChannels } from '../../packages/server/dist/kernels/test-channels.js';
import { cpuMicros, serve } from './bench.js';

const journalsFolder = mkdtempSync(join(tmpdir(), 'perijove-bench-'));
process.on('exit', () => rmSync(journalsFolder, { recursive: true, force: true }));
process.on('SIGTERM', () => process.exit());
const { channels, url } = await startTestChannels({ journalsFolder });
let peakRss = 0;
setInterval(() => (peakRss = Math.max(peakRss, process.memoryUsage.rss())), 20).unref();

serve({
  async connect({ connection }) {
    channels.connect(connection);
    await channels.ready(AbortSignal.timeout(30_000));
    return { url };
  },
  cpu: () => ({ cpu: cpuMicros() }),
  memory: () => {
    globalThis.gc?.();
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    return { rss, peakRss, heapUsed, external, arrayBuffers };
  },
});
