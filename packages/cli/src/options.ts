import { Type } from 'typebox';
import type { OptionSection } from './option.ts';

/** What only the command itself uses; all else is declared beside its user and gathered in sections.ts. */
export const launchOptions = {
  rootDir: {
    schema: Type.String({ default: '.' }),
    help: 'The folder with the notebooks: nothing above it can be seen or written. With {username} in it (/srv/notebooks/{username}): a folder for each user, made when they come.',
  },
  config: { schema: Type.String({ default: '' }), help: 'A file with settings, JSON or YAML.' },
  browser: {
    schema: Type.Boolean({ default: true }),
    help: 'Open a browser at start, if there is a display.',
  },
  privatePython: {
    schema: Type.Boolean({ default: true }),
    help: 'Where there is no kernel for Python, make a Python environment with one in ~/.local/share/perijove.',
  },
  logLevel: {
    schema: Type.Union(
      ['debug', 'info', 'warn', 'error'].map((level) => Type.Literal(level)),
      { default: 'warn' },
    ),
    help: 'How much is logged on standard error.',
  },
  stateDir: {
    schema: Type.String({ default: '' }),
    help: 'Where running kernels, sessions and journals are kept, so that a next server finds them. Empty: $XDG_STATE_HOME/perijove or ~/.local/state/perijove.',
  },
  killKernelsOnExit: {
    schema: Type.Boolean({ default: false }),
    help: 'End the kernels too when the server is ended by SIGTERM or SIGHUP; else the next server takes them over.',
  },
  allowRoot: {
    schema: Type.Boolean({ default: false }),
    help: 'Say nothing when run as root, whose notebooks may do anything on this machine.',
  },
} as const;

/** `perijove stop` and `perijove list`. */
export const listOptions = {
  json: { schema: Type.Boolean({ default: false }), help: 'Print JSON instead of a table.' },
} as const;

/** `perijove doctor`. */
export const doctorOptions = {
  kubernetes: { schema: Type.Boolean({ default: false }), help: 'Look at the cluster.' },
  dry: {
    schema: Type.Boolean({ default: false }),
    help: 'Start no kernel: neither images nor names are looked at.',
  },
  json: { schema: Type.Boolean({ default: false }), help: 'Print JSON.' },
} as const;

export const stopOptions = {
  kernels: {
    schema: Type.Boolean({ default: false }),
    help: 'End kernels too: those of the server that is stopped, and those that no server has.',
  },
  all: { schema: Type.Boolean({ default: false }), help: 'Stop all running servers of this user.' },
  timeoutS: {
    schema: Type.Integer({ default: 30, minimum: 1 }),
    help: 'Seconds to wait for a server or kernel to end.',
  },
} as const;

/** `perijove token`. */
export const tokenOptions = {
  user: {
    schema: Type.String({ default: '' }),
    help: 'Whose token it is: what is started with it belongs to this name. Needed by add.',
  },
  scope: {
    schema: Type.Union(
      ['read', 'use', 'admin'].map((scope) => Type.Literal(scope)),
      { default: 'use' },
    ),
    help: 'read: look at what is the user’s. use: work. admin: everything of everybody.',
  },
  expires: {
    schema: Type.String({ default: '', pattern: '^([1-9][0-9]{0,5}[mhd])?$' }),
    help: 'How long it holds: 90m, 12h, 30d. Empty: until it is removed.',
  },
  mayImpersonate: {
    schema: Type.Boolean({ default: false }),
    help: 'It may say for whom it acts (KERNEL_USERNAME): for a notebook server in front of a gateway. Needs --scope admin.',
  },
  tokensFile: {
    schema: Type.String({ default: '' }),
    help: 'The file; as the server’s setting of this name.',
  },
  json: { schema: Type.Boolean({ default: false }), help: 'Print JSON.' },
} as const;
const { config, privatePython, logLevel, stateDir, killKernelsOnExit, allowRoot } = launchOptions;
/** Of a gateway, which has no page to open. */
export const gatewayLaunchOptions = {
  config,
  privatePython,
  logLevel,
  stateDir,
  killKernelsOnExit,
  allowRoot,
  rootDir: {
    ...launchOptions.rootDir,
    help: "The folder that kernels start in. A client's KERNEL_WORKING_DIR counts as far as it is in this folder.",
  },
} as const;
export const gatewayLaunchSection: OptionSection = { title: 'Start', options: gatewayLaunchOptions };

export const launchSection: OptionSection = { title: 'Start', options: launchOptions };
