import { version } from './version.ts';
import { UsageError } from './usage-error.ts';

export interface Command {
  readonly name: string;
  readonly about: string;
  help(): Promise<string>;
  /** Resolves with the exit code. */
  run(args: readonly string[]): Promise<number>;
}

// Each command's module is loaded when it is run: `perijove list` does not load a web server.
const lab: Command = {
  name: 'lab',
  about: 'Start JupyterLab with kernels on this machine. The default.',
  help: async () => (await import('./lab-help.ts')).labHelp(),
  run: async (args) => (await import('./lab.ts')).runLab(args),
};

const gateway: Command = {
  name: 'gateway',
  about: 'Start a gateway: kernels for notebook servers elsewhere, in place of Jupyter Enterprise Gateway.',
  help: async () => (await import('./gateway-help.ts')).gatewayHelp(),
  run: async (args) => (await import('./gateway.ts')).runGateway(args),
};

const list: Command = {
  name: 'list',
  about: 'Show running servers, and kernels that no server has.',
  help: async () => (await import('./list.ts')).listHelp(),
  run: async (args) => (await import('./list.ts')).runList(args),
};

const kernels: Command = {
  name: 'kernels',
  about: 'Show the kernels of running servers, and what they use.',
  help: async () => (await import('./kernels.ts')).kernelsHelp(),
  run: async (args) => (await import('./kernels.ts')).runKernels(args),
};

const stop: Command = {
  name: 'stop',
  about: 'Stop a running server, or kernels that no server has.',
  help: async () => (await import('./stop.ts')).stopHelp(),
  run: async (args) => (await import('./stop.ts')).runStop(args),
};

const token: Command = {
  name: 'token',
  about: 'Give people tokens of their own: add, list, remove.',
  help: async () => (await import('./token.ts')).tokenHelp(),
  run: async (args) => (await import('./token.ts')).runToken(args),
};

const doctor: Command = {
  name: 'doctor',
  about: 'Look at what kernels need of a Kubernetes cluster, and say what is missing.',
  help: async () => (await import('./doctor.ts')).doctorHelp(),
  run: async (args) => (await import('./doctor.ts')).runDoctor(args),
};

const help: Command = {
  name: 'help',
  about: 'Show this.',
  help: async () => overview(),
  run: async () => {
    process.stdout.write(overview());
    return 0;
  },
};

const versionCommand: Command = {
  name: 'version',
  about: 'Show the version.',
  help: async () => overview(),
  run: async () => {
    process.stdout.write(`${version}\n`);
    return 0;
  },
};

export const commands: readonly Command[] = [
  lab,
  gateway,
  list,
  kernels,
  stop,
  token,
  doctor,
  help,
  versionCommand,
];

/** The command that the first word names, and the words after it. Flags without a command are `lab`'s. */
export function findCommand(args: readonly string[]): { command: Command; rest: readonly string[] } {
  const [first, ...rest] = args;
  if (first === '--version' || first === '-V') return { command: versionCommand, rest };
  if (first === '--help' || first === '-h') return { command: help, rest: [] };
  if (first === undefined || first.startsWith('-')) return { command: lab, rest: args };
  const command = commands.find(({ name }) => name === first);
  if (!command)
    throw new UsageError(
      `There is no command ${first}. Commands: ${commands.map(({ name }) => name).join(', ')}.`,
    );
  return { command, rest };
}

function overview(): string {
  const lines = commands.map(({ name, about }) => `  ${name.padEnd(9)} ${about}`);
  return `Usage: perijove [COMMAND] [FLAGS]\n\n${lines.join('\n')}\n\nperijove COMMAND --help lists the flags of a command.\n`;
}
