// A client that asks for a small file every 10 ms: a process of its own, so that it waits for nobody but the server.
import { Agent, get } from 'node:http';
import { serve } from './bench.js';

const agent = new Agent({ keepAlive: true });
let isStopped = false;
let done = Promise.resolve([]);

serve({
  start({ url, headers }) {
    isStopped = false;
    done = ask(url, headers);
  },
  async stop() {
    isStopped = true;
    return { times: await done };
  },
});

async function ask(url, headers) {
  const times = [];
  while (!isStopped) {
    const began = performance.now();
    await new Promise((resolve, reject) => {
      get(url, { agent, headers }, (response) => response.resume().on('end', resolve)).on('error', reject);
    });
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return times;
}
