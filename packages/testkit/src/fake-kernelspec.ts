import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KernelspecFile } from '@perijove/protocol';

export interface FakeKernelspecOptions {
  readonly displayName?: string;
  readonly protocolVersion?: '5.3' | '5.5';
  readonly interruptMode?: 'signal' | 'message';
  /** Waits so long before it listens. */
  readonly startDelayMs?: number;
  readonly ignoresSigterm?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** The fake kernel as a program. It is built: tests that start it need `npx tsc -b packages/testkit` (global-setup.ts does it). */
export const fakeKernelProgram = fileURLToPath(
  new URL('../dist/fake-kernel/fake-kernel-process.js', import.meta.url),
);

/** A kernelspec whose kernel is the fake one, in a process of its own. */
export function fakeKernelspec(options: FakeKernelspecOptions = {}): KernelspecFile {
  const { protocolVersion = '5.5', startDelayMs = 0, ignoresSigterm = false } = options;
  return {
    argv: [
      process.execPath,
      fakeKernelProgram,
      '-f',
      '{connection_file}',
      '--protocol',
      protocolVersion,
      ...(startDelayMs > 0 ? ['--start-delay', String(startDelayMs)] : []),
      ...(ignoresSigterm ? ['--ignore-sigterm'] : []),
    ],
    display_name: options.displayName ?? 'Fake',
    language: 'fake',
    interrupt_mode: options.interruptMode ?? 'signal',
    kernel_protocol_version: protocolVersion,
    ...(options.env ? { env: { ...options.env } } : {}),
    metadata: { debugger: true },
  };
}

/** Writes it as `<folder>/<name>/kernel.json`, for a server that is to find it; returns the folder it lies in. */
export async function installKernelspec(folder: string, name: string, spec: KernelspecFile): Promise<string> {
  const resourceDir = join(folder, name);
  await mkdir(resourceDir, { recursive: true });
  await writeFile(join(resourceDir, 'kernel.json'), JSON.stringify(spec, undefined, 1));
  return resourceDir;
}
