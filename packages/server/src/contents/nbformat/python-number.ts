/**
 * A JSON number as Python reads and writes it again: integers keep every digit, floats have Python's
 * shortest `repr` (`1e+16`, `1.0`), what overflows becomes Infinity.
 */
export function pythonNumber(text: string): string {
  if (/^-?\d+$/.test(text)) return text === '-0' ? '0' : text;
  if (text === 'NaN' || text.endsWith('Infinity')) return text;
  const value = Number(text);
  // Most floats were written by a program that spells them the same way.
  if (/^-?\d{1,15}\.\d{1,15}$/.test(text) && Math.abs(value) >= 1e-4 && String(value) === text) return text;
  return pythonFloat(value);
}

/** `str()` of the number instead: the same but for the three that JSON spells its own way. */
export function pythonStr(text: string): string {
  const json = pythonNumber(text);
  if (json === 'NaN') return 'nan';
  return json.replace('Infinity', 'inf');
}

// Both languages print the shortest digits that read back as the same double. They differ in when they
// turn to an exponent (Python: below 1e-4 and from 1e16) and in how it looks (two digits at least).
function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const sign = exponent < 0 ? '-' : '+';
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const negative = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace('-', '').replace('.', '');
  if (exponent < 0) return `${negative}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${negative}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
