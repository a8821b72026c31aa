import { ProtocolError } from './protocol-error.ts';

/** Suffixes of a Kubernetes quantity. Its `n` and `u` are parts of a core that nobody asks for. */
const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * Reads an amount of memory or of processors as Kubernetes writes it: `2Gi`, `500M`, `1500m`, `0.5`, `1e9`. A number is
 * that many bytes or cores. Throws PROTOCOL_BAD_QUANTITY, whose message says what is wrong and what would be right.
 */
export function parseQuantity(quantity: string | number): number {
  const [, digits, exponent = '', suffix = ''] =
    /^\+?(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d{1,3})|([A-Za-z]{0,2}))$/.exec(String(quantity).trim()) ?? [];
  const factor = Object.hasOwn(factors, suffix) ? factors[suffix] : undefined;
  const value = digits === undefined || factor === undefined ? NaN : Number(digits + exponent) * factor;
  if (Number.isFinite(value)) return value;
  throw new ProtocolError(
    'PROTOCOL_BAD_QUANTITY',
    `"${quantity}" is not a quantity; write a number, with m, k, M, G, T, Ki, Mi, Gi or Ti behind it if need be, as 2Gi or 500m`,
  );
}

/** Writes an amount so that `parseQuantity` gives it back: `2Gi`, `1500m`, else the plain number. */
export function formatQuantity(value: number): string {
  for (const suffix of ['Ti', 'Gi', 'Mi', 'Ki']) {
    const parts = value / (factors[suffix] ?? 1);
    if (parts >= 1 && Number.isInteger(parts)) return `${parts}${suffix}`;
  }
  const thousandths = Math.round(value * 1000);
  return Number.isInteger(value) || thousandths / 1000 !== value ? String(value) : `${thousandths}m`;
}

/** Amounts of memory for people, in one unit, so that they can be compared: `2.0 of 2.0 GiB`. */
export function formatMemory(...bytes: readonly number[]): string {
  const largest = Math.max(...bytes);
  const [unit, factor] =
    (
      [
        ['GiB', 2 ** 30],
        ['MiB', 2 ** 20],
      ] as const
    ).find(([, least]) => largest >= least) ?? (['KiB', 2 ** 10] as const);
  return `${bytes.map((value) => (value / factor).toFixed(1)).join(' of ')} ${unit}`;
}
