import type { KernelPhase } from '@perijove/protocol';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** "1.5 GiB": in the unit that the number is above 1 in. */
export function memoryInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** "0.25", "12". */
export function cpusInWords(cpus: number): string {
  return cpus >= 10 ? String(Math.round(cpus)) : String(Math.round(cpus * 100) / 100);
}

const steps = [
  [60, 'second'],
  [60, 'minute'],
  [24, 'hour'],
  [Number.POSITIVE_INFINITY, 'day'],
] as const;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** "just now", "5 minutes ago". */
export function timeInWords(then: number, now: number): string {
  let value = Math.max(0, (now - then) / 1000);
  if (value < 10) return 'just now';
  for (const [length, unit] of steps) {
    if (value < length) return relative.format(-Math.floor(value), unit);
    value /= length;
  }
  return '';
}

const phaseWords: Readonly<Record<KernelPhase, string>> = {
  queued: 'Waiting for room',
  scheduling: 'Looking for a machine',
  pulling: 'Pulling its image',
  starting: 'Starting',
  connecting: 'Waiting for its first reply',
  idle: 'Idle',
  busy: 'Computing',
  restarting: 'Restarting',
  stopping: 'Stopping',
  lost: 'Cannot be reached',
  dead: 'Ended',
};

export function phaseInWords(phase: KernelPhase): string {
  return phaseWords[phase];
}

/** What the server says beyond the word for the phase; empty if that is all. */
export function beyondPhase(phase: KernelPhase, sentence: string): string {
  const bare = sentence.replace(/\.$/, '');
  return bare === phaseWords[phase] || bare === '' ? '' : sentence;
}
