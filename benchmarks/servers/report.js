// What stands above and in every table: the machine, how busy it was, versions; values, and what ours is of each peer's.
import { cpus, loadavg, totalmem } from 'node:os';
import { round } from '../roles/bench.js';
import { versionOf } from './kinds.js';

/** To be called before anything is measured. */
export function sayConditions(names) {
  const [load] = loadavg();
  console.log(
    `${new Date().toISOString().slice(0, 16)}Z, load ${load.toFixed(2)} before, ${cpus().length} cores, ${round(totalmem() / 2 ** 30, 0)} GiB, node ${process.versions.node}`,
  );
  console.log(`${names.map(versionOf).join('; ')}\n`);
}

/** One row. `values` by server; who could not be measured is missing. */
export function compare(what, unit, values, { goal, digits = 1 } = {}) {
  const { perijove, ...others } = values;
  const cells = Object.entries(others).map(([name, value]) =>
    value > 0 && perijove > 0
      ? `${name} ${round(value, digits)} (${round(perijove / value, 3)} ×)`
      : `${name} ${round(value, digits)}`,
  );
  console.log(
    `${what.padEnd(46)} ${String(round(perijove, digits)).padStart(9)} ${unit}${goal === undefined ? '' : `  [goal ${goal}]`}  ${cells.join('; ')}`,
  );
}

export function sayLoadAfter() {
  console.log(`load ${loadavg()[0].toFixed(2)} after\n`);
}

/** Notes values by server and what they are of. */
export class Results {
  values = {};

  note(name, what, ...values) {
    ((this.values[what] ??= {})[name] ??= []).push(...values);
  }

  /** `{server: pick(values)}` */
  of(what, pick) {
    return Object.fromEntries(
      Object.entries(this.values[what] ?? {}).map(([name, values]) => [name, pick(values)]),
    );
  }
}

export function percentile(values, part) {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];
}
