import { Type } from 'typebox';
import type { OptionValues } from '../http/option-values.ts';

const MiB = 1024 * 1024;

export const nbconvertOptions = {
  nbconvertTimeoutS: {
    schema: Type.Number({ default: 300, exclusiveMinimum: 0 }),
    help: 'Seconds that converting a notebook may take.',
  },
  nbconvertMaxOutputBytes: {
    schema: Type.Integer({ default: 256 * MiB, minimum: 1024 }),
    help: 'Largest converted notebook.',
  },
  nbconvertConcurrency: {
    schema: Type.Integer({ default: 2, minimum: 1 }),
    help: 'How many notebooks are converted at a time; others wait.',
  },
  nbconvertQueueLimit: {
    schema: Type.Integer({ default: 20, minimum: 0 }),
    help: 'How many conversions may wait. More are refused.',
  },
} as const;

export type NbconvertOptions = OptionValues<typeof nbconvertOptions>;
