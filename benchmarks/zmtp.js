// How fast a SUB of ours receives, against libzmq's (the npm package zeromq), on one machine in the same run.
// Needs `npm run build`. Usage: node benchmarks/zmtp.js [rounds] [seconds]
import { fork } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const cases = {
  // The frames of a short Jupyter message: topic, delimiter, signature, header, parent, metadata, content.
  small: { title: '7 frames, 265 bytes', frames: [20, 9, 64, 90, 40, 2, 40] },
  large: { title: '7 frames, 1 MB', frames: [20, 9, 64, 90, 40, 2, 2 ** 20] },
};

const receivers = {
  async ours(endpoint, onMessages) {
    const { SubSocket } = await import('@perijove/zmtp');
    const socket = new SubSocket();
    socket.onMessages = (messages) => onMessages(messages.length, messages[0]);
    socket.subscribe('');
    socket.connect(endpoint);
  },
  async libzmq(endpoint, onMessages) {
    const { Subscriber } = await import('zeromq');
    const socket = new Subscriber();
    socket.subscribe('');
    socket.connect(endpoint);
    for await (const message of socket) onMessages(1, message);
  },
};

const [role, ...rest] = process.argv.slice(2);
if (role === 'send') await send(cases[rest[0]].frames);
else if (role === 'receive') await receive(rest[0], rest[1], Number(rest[2]), cases[rest[3]].frames);
else await compare(Number(role ?? 3), Number(rest[0] ?? 3));

async function compare(rounds, seconds) {
  for (const [name, { title }] of Object.entries(cases)) {
    const results = { ours: [], libzmq: [] };
    for (let round = 0; round < rounds; round++) {
      for (const receiver of Object.keys(receivers))
        results[receiver].push(await measure(name, receiver, seconds));
    }
    const ours = median(results.ours);
    const libzmq = median(results.libzmq);
    console.log(`${name} (${title}), median of ${rounds}:`);
    console.log(`  ours    ${line(ours)}`);
    console.log(`  libzmq  ${line(libzmq)}`);
    console.log(`  ratio   ${(ours.perSecond / libzmq.perSecond).toFixed(2)} of its messages/s`);
    console.log(`  ratio   ${(ours.cpuMicros / libzmq.cpuMicros).toFixed(2)} of its CPU per message`);
  }
}

async function measure(name, receiver, seconds) {
  const sender = child('send', name);
  const endpoint = await answer(sender);
  const process = child('receive', receiver, endpoint, String(seconds), name);
  const result = await answer(process);
  sender.kill();
  process.kill();
  return result;
}

/** Not a socket of either side: one that can keep up with both, as it repeats bytes that it made beforehand. */
async function send(sizes) {
  const message = Buffer.concat(
    sizes.flatMap((size, index) => frame(index === sizes.length - 1 ? 0 : 1, size)),
  );
  const block = Buffer.concat(Array(Math.ceil(2 ** 20 / message.length)).fill(message));
  const greeting = Buffer.alloc(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1, ...Buffer.from('NULL')]);
  const ready = Buffer.from('\x05READY\x0bSocket-Type\x00\x00\x00\x03PUB', 'latin1');
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => process.exit());
    socket.write(Buffer.concat([greeting, Buffer.from([4, ready.length]), ready]));
    let received = '';
    socket.on('data', function wait(chunk) {
      received += chunk.toString('latin1');
      if (!received.includes('SUBSCRIBE')) return;
      socket.off('data', wait);
      socket.resume();
      const fill = () => {
        while (socket.write(block));
      };
      socket.on('drain', fill);
      fill();
    });
  });
  server.listen(0, '127.0.0.1', () => process.send(`tcp://127.0.0.1:${server.address().port}`));
}

function frame(flags, size) {
  const header = Buffer.alloc(size < 256 ? 2 : 9);
  header[0] = flags | (size < 256 ? 0 : 2);
  header.writeUIntBE(size, header.length === 2 ? 1 : 3, header.length === 2 ? 1 : 6);
  return [header, Buffer.alloc(size, 'x')];
}

async function receive(receiver, endpoint, seconds, sizes) {
  const warmUpMs = 1000;
  let count = 0;
  let firstAt;
  let start;
  await receivers[receiver](endpoint, (messages, sample) => {
    const now = performance.now();
    firstAt ??= now;
    if (start === undefined) {
      if (now - firstAt < warmUpMs) return;
      if (sample.map((part) => part.length).join() !== sizes.join())
        throw new Error('not the message that was sent');
      start = { at: now, cpu: process.cpuUsage() };
    }
    count += messages;
    if (now - start.at < seconds * 1000) return;
    const cpu = process.cpuUsage(start.cpu);
    const elapsedS = (now - start.at) / 1000;
    process.send({
      perSecond: count / elapsedS,
      cpuMicros: (cpu.user + cpu.system) / count,
      rss: process.memoryUsage.rss(),
    });
    start = undefined;
    process.disconnect();
    process.exit();
  });
}

function child(...args) {
  return fork(fileURLToPath(import.meta.url), args);
}

function answer(from) {
  return new Promise((resolve, reject) => {
    from.once('message', resolve);
    from.once('exit', (code) => reject(new Error(`a child ended early (${code})`)));
  });
}

function median(results) {
  const sorted = results.toSorted((a, b) => a.perSecond - b.perSecond);
  return sorted[Math.floor(sorted.length / 2)];
}

function line({ perSecond, cpuMicros, rss }) {
  return `${Math.round(perSecond).toLocaleString('en')} messages/s, ${cpuMicros.toFixed(2)} µs CPU each, ${Math.round(rss / 1e6)} MB`;
}
