// A real kernel.
import { testPython } from '@perijove/testkit';
import { startIpykernel } from '../../packages/server/dist/kernels/test-channels.js';
import { serve } from './bench.js';

const kernel = await startIpykernel(testPython());
serve({
  connection: () => kernel.connection,
  stop: () => kernel[Symbol.asyncDispose](),
});
process.on('exit', () => kernel.process.kill('SIGKILL'));
process.on('SIGTERM', () => process.exit());
