import { posix } from 'node:path';
import type { Kernelspec } from './provisioner.ts';
import { isExecutable } from './python-prefixes.ts';

export interface KernelCommandOptions {
  readonly kernelId: string;
  readonly connectionFile: string;
  readonly cwd: string;
  readonly home: string;
  /** The interpreter meant by `python` and `python3` where the kernelspec's own installation has none. */
  readonly python?: string | undefined;
  /** What `${NAME}` in the kernelspec's `env` stands for, and what the kernel inherits. */
  readonly env: Readonly<Record<string, string>>;
  /** What goes before the kernelspec's `env`: what was allowed of a request's (Enterprise Gateway, `KERNEL_*` overrides). */
  readonly overrides?: Readonly<Record<string, string>>;
}

export interface KernelCommand {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** The program that a kernelspec means: `python` by itself is an interpreter by its path, if one is known. */
export async function kernelProgram({ spec, resourceDir }: Kernelspec, python?: string): Promise<string> {
  const [program = ''] = spec.argv;
  if (!isPython(program)) return program;
  return (await pythonBeside(resourceDir)) ?? python ?? program;
}

/** Fills in a kernelspec's templates as jupyter_client does. What it does not know, it leaves as it is. */
export async function kernelCommand(
  kernelspec: Kernelspec,
  options: KernelCommandOptions,
): Promise<KernelCommand> {
  const python = (await pythonBeside(kernelspec.resourceDir)) ?? options.python;
  return commandWith(kernelspec, options, python);
}

/** As `kernelCommand`, for another machine: `python` means what it means there. */
export function kernelCommandElsewhere(
  kernelspec: Kernelspec,
  options: Omit<KernelCommandOptions, 'python'>,
): KernelCommand {
  return commandWith(kernelspec, options, undefined);
}

function commandWith(
  { spec, resourceDir }: Kernelspec,
  options: KernelCommandOptions,
  python: string | undefined,
): KernelCommand {
  const [program = '', ...rest] = spec.argv;
  const names: Readonly<Record<string, string | undefined>> = {
    connection_file: options.connectionFile,
    resource_dir: resourceDir,
    prefix: python === undefined ? undefined : posix.dirname(posix.dirname(python)),
    cwd: options.cwd,
    kernel_id: options.kernelId,
  };
  const fill = (argument: string) =>
    expandHome(
      argument.replace(/\{([A-Za-z0-9_]+)\}/g, (whole, name: string) =>
        Object.hasOwn(names, name) ? (names[name] ?? whole) : whole,
      ),
      options.home,
    );
  return {
    argv: [isPython(program) && python !== undefined ? python : fill(program), ...rest.map(fill)],
    env: {
      ...options.env,
      ...Object.fromEntries(
        Object.entries(spec.env ?? {}).map(([name, value]) => [name, substitute(value, options.env)]),
      ),
      ...options.overrides,
    },
  };
}

function isPython(program: string): boolean {
  return /^python(3(\.\d+)?)?$/.test(program);
}

/**
 * `python` in a kernelspec means the Python that the kernel is installed in: `<prefix>/share/jupyter/kernels/<name>` belongs
 * to `<prefix>/bin/python3`. (Jupyter, itself a Python program, means the one that it runs in.)
 */
async function pythonBeside(resourceDir: string): Promise<string | undefined> {
  const [, prefix] = /^(.*)\/share\/jupyter\/kernels\/[^/]+\/?$/.exec(resourceDir) ?? [];
  if (prefix === undefined) return undefined;
  for (const name of ['python3', 'python']) {
    const file = posix.join(prefix, 'bin', name);
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

// os.path.expanduser of Python, but for `~name`: whose home that is, only the system's user database knows.
function expandHome(argument: string, home: string): string {
  return argument === '~' || argument.startsWith('~/') ? home + argument.slice(1) : argument;
}

/** Python's `string.Template.safe_substitute`. */
function substitute(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(
    /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)\})/gi,
    (whole, dollar: string | undefined, bare: string | undefined, braced: string | undefined) => {
      if (dollar) return '$';
      const name = bare ?? braced ?? '';
      return Object.hasOwn(values, name) ? (values[name] ?? whole) : whole;
    },
  );
}
