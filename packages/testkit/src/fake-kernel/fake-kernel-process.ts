// The fake kernel as a process of its own: `node fake-kernel-process.js -f CONNECTION_FILE [--protocol 5.3]
// [--start-delay MS] [--ignore-sigterm]`.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ConnectionInfo } from '@perijove/protocol';
import { startFakeKernel, type FakeKernelEnd } from './fake-kernel.ts';

const { values } = parseArgs({
  options: {
    file: { type: 'string', short: 'f' },
    protocol: { type: 'string', default: '5.5' },
    'start-delay': { type: 'string', default: '0' },
    'ignore-sigterm': { type: 'boolean', default: false },
  },
});
const { protocol } = values;
if (values.file === undefined) throw new Error('-f CONNECTION_FILE is missing');
if (protocol !== '5.3' && protocol !== '5.5')
  throw new Error(`--protocol ${protocol} is neither 5.3 nor 5.5`);

if (values['ignore-sigterm']) process.on('SIGTERM', () => undefined);
await delay(Number(values['start-delay']));
const connection = JSON.parse(await readFile(values.file, 'utf8')) as ConnectionInfo;
const kernel = await startFakeKernel({ connection, protocolVersion: protocol, onEnd: end });
process.on('SIGINT', () => kernel.interrupt());

function end(how: FakeKernelEnd): void {
  if (how.by === 'crash') process.kill(process.pid, how.signal);
  else process.exit(how.by === 'exit' ? how.code : 0);
}
