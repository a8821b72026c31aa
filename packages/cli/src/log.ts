import { Writable } from 'node:stream';
import { pino, type Logger } from 'pino';

const letters: Readonly<Record<number, string>> = { 10: 'T', 20: 'D', 30: 'I', 40: 'W', 50: 'E', 60: 'F' };
/** Fields that are no news to a person at the terminal, or have a place of their own in the line. */
const hidden = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err', 'reqId', 'v']);

/**
 * The log on standard error: lines for people on a terminal, one JSON object a line elsewhere. Whatever is called token, password,
 * key or cookie in a logged object is censored; that is the second line of defence, after not logging it.
 */
export function openLog(
  level: string,
  { stream, forPeople }: { stream: Writable; forPeople: boolean },
): Logger {
  return pino(
    {
      level,
      base: null,
      redact: {
        paths: [
          'token',
          '*.token',
          'password',
          '*.password',
          'key',
          '*.key',
          'req.headers.authorization',
          'req.headers.cookie',
        ],
        censor: '[secret]',
      },
    },
    forPeople ? readable(stream) : stream,
  );
}

function readable(stream: Writable): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string | Buffer, _encoding, done) {
      stream.write(lineForPeople(String(line)));
      done();
    },
  });
}

/** `[W 23:14:01] a kernel could not be adopted (kernelId=…)`, and an error's stack below. */
function lineForPeople(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as {
    level: number;
    time: number;
    msg?: string;
    err?: { stack?: string; message?: string };
    [field: string]: unknown;
  };
  const fields = Object.entries(rest)
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const clock = new Date(time).toTimeString().slice(0, 8);
  const head = `[${letters[level] ?? level} ${clock}] ${msg ?? ''}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}\n`;
  return err ? `${head}${(err.stack ?? err.message ?? '').replace(/^/gm, '    ')}\n` : head;
}
