// A kernel that says as fast as it can what was encoded before.
import { startFakeKernel } from '@perijove/testkit';
import { serve } from './bench.js';

const kernel = await startFakeKernel();
serve({
  connection: () => kernel.connection,
  stop: () => kernel.close(),
});
