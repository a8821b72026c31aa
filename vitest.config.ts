import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// One project a suffix: the suffix says what a test needs (CONTRIBUTING.md).
const suites = {
  unit: { include: ['packages/*/src/**/*.test.ts'] },
  net: { include: ['packages/*/src/**/*.net.test.ts'] },
  python: { include: ['packages/*/src/**/*.python.test.ts'] },
  browser: { include: ['packages/*/src/**/*.browser.test.ts'] },
  pack: { include: ['packages/*/src/**/*.pack.test.ts'] },
  cluster: { include: ['packages/*/src/**/*.cluster.test.ts'] },
} as const;

const suffixes = Object.keys(suites).filter((name) => name !== 'unit');

export default defineConfig({
  test: {
    // Vitest leaves one processor free, which is half of a small machine.
    maxWorkers: availableParallelism(),
    slowTestThreshold: 5_000,
    projects: Object.entries(suites).map(([name, { include }]) => ({
      resolve: { conditions: ['source'] },
      ssr: { resolve: { conditions: ['source'] } },
      test: {
        name,
        include: [...include],
        ...(name === 'unit' ? {} : { globalSetup: ['packages/testkit/src/global-setup.ts'] }),
        exclude: [
          '**/node_modules/**',
          '**/dist/**',
          ...(name === 'unit' ? suffixes.map((s) => `**/*.${s}.test.ts`) : []),
        ],
        testTimeout: name === 'unit' ? 10_000 : 60_000,
        hookTimeout: 120_000,
        // Real kernels and browsers want a small machine for themselves.
        ...(name === 'unit' || name === 'net' ? {} : { fileParallelism: false }),
      },
    })),
  },
});
