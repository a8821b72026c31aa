// What the benchmarks of a kernel's messages share: each part in a process of its own, on a core that is told.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Whether parts can have a core of their own. */
export const hasTaskset = spawnSync('taskset', ['-V']).status === 0;

/** Starts `roles/<name>.js`; `core` pins it if the machine can. */
export function start(name, { core, args = [], env = {} } = {}) {
  const file = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  const pin = core !== undefined && hasTaskset;
  const child = fork(file, args, {
    ...(pin
      ? { execPath: 'taskset', execArgv: ['-c', String(core), process.execPath, ...process.execArgv] }
      : {}),
    env: { ...process.env, ...env },
    serialization: 'advanced',
  });
  const waiting = [];
  child.on('message', (message) => waiting.shift()?.resolve(message));
  child.once('exit', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${name} ended`));
  });
  return {
    child,
    /** Sends an order and resolves to its answer. */
    ask(order) {
      child.send(order);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
      });
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

/** In a role: answers orders one after another with what `handlers[order.do]` returns. */
export function serve(handlers) {
  process.on('message', async (order) => process.send((await handlers[order.do](order)) ?? {}));
  process.on('disconnect', () => process.exit());
}

/** CPU time of this process so far, in µs. */
export function cpuMicros() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

export function perSecond({ messages, ms }) {
  return (messages / ms) * 1000;
}

export function show(label, value, unit, goal) {
  console.log(
    `${label.padEnd(58)} ${String(value).padStart(10)} ${unit}${goal === undefined ? '' : `   goal ${goal}`}`,
  );
}

export function round(value, digits = 2) {
  return Number(value.toFixed(digits));
}
