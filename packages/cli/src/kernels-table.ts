import type { OverviewKernel } from '@perijove/protocol';

/** Kernels as a table for a terminal. Pure; empty for none. */
export function kernelsTable(kernels: readonly OverviewKernel[], now: number): string {
  if (kernels.length === 0) return '';
  const rows = [
    ['USER', 'NOTEBOOK', 'KERNEL', 'MEMORY', 'CPU', 'ACTIVE', 'PHASE'],
    ...kernels.map((kernel) => [
      kernel.user,
      kernel.notebook ?? kernel.id,
      kernel.displayName,
      share(kernel.resources.used.memoryBytes, kernel.resources.limit.memoryBytes, mebibytes),
      share(kernel.resources.used.cpus, kernel.resources.limit.cpus, (cpus) => cpus.toFixed(2)),
      ago(now - Date.parse(kernel.lastActivity)),
      kernel.sentence,
    ]),
  ].map((row) => row.map(printable));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function share(
  used: number | undefined,
  limit: number | undefined,
  write: (amount: number) => string,
): string {
  const left = used === undefined ? '–' : write(used);
  return limit === undefined ? left : `${left} of ${write(limit)}`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}

/** Names are a user's: one with control characters must not command the terminal of who reads them. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}
