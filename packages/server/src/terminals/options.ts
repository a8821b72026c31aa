import { Type } from 'typebox';
import type { OptionValues } from '../http/option-values.ts';

export const terminalOptions = {
  terminalsEnabled: {
    schema: Type.Boolean({ default: true }),
    help: 'Let users open terminals on this machine.',
  },
  terminalShell: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: 'Command of a new terminal with its arguments. None: $SHELL or sh, as a login shell if the server has no terminal itself.',
  },
  terminalLimit: {
    schema: Type.Integer({ default: 100, minimum: 1 }),
    help: 'How many terminals may be open at a time.',
  },
  terminalReplayBytes: {
    schema: Type.Integer({ default: 512 * 1024, minimum: 0 }),
    help: 'How much of the last output a terminal keeps for those who open it again.',
  },
  terminalBufferBytes: {
    schema: Type.Integer({ default: 1024 * 1024, minimum: 1024 }),
    help: 'How much output may wait for a browser that reads slowly; then the program in the terminal waits.',
  },
  terminalSlowClientTimeoutS: {
    schema: Type.Number({ default: 10, exclusiveMinimum: 0 }),
    help: 'Seconds a browser that does not read may hold up a terminal that others look at too. Then it is disconnected.',
  },
  terminalCullInactiveTimeoutS: {
    schema: Type.Number({ default: 0, minimum: 0 }),
    help: 'Close a terminal without input or output for this many seconds. 0 keeps it for ever.',
  },
  terminalCullIntervalS: {
    schema: Type.Number({ default: 300, exclusiveMinimum: 0 }),
    help: 'Seconds between looks for inactive terminals.',
  },
} as const;

export type TerminalOptions = OptionValues<typeof terminalOptions>;
