import { Kernelspecs } from '@perijove/kernels';
import {
  examineCluster,
  hasCluster,
  kubernetesOptions,
  type Finding,
  type KubernetesOptions,
} from '@perijove/provisioners';
import { findEnvironment } from './environment.ts';
import { renderHelp } from './help.ts';
import { openLog } from './log.ts';
import { doctorOptions } from './options.ts';
import { parseOptions } from './parse-options.ts';
import { terminalProgress } from './progress.ts';
import { UsageError } from './usage-error.ts';

const sections = [
  { title: 'Doctor', options: doctorOptions },
  { title: 'Kernels in Kubernetes', options: kubernetesOptions },
];

export function doctorHelp(): string {
  return renderHelp({
    usage: 'perijove doctor --kubernetes [FLAGS]',
    about:
      'Looks at what kernels need of a cluster (version, permissions, quotas, admission, images, names), and says what to do about what is missing. ' +
      'Starts a kernel of each image and ends it. Its exit code is 1 if something has to be done.',
    sections,
  });
}

export async function runDoctor(args: readonly string[]): Promise<number> {
  const { values } = parseOptions(sections, { args, env: process.env, files: [] });
  // Each value was checked against its declaration.
  const settings = values as unknown as KubernetesOptions & {
    kubernetes: boolean;
    json: boolean;
    dry: boolean;
  };
  if (!settings.kubernetes) throw new UsageError('Say what to look at: perijove doctor --kubernetes.');
  if (!hasCluster(settings, process.env))
    throw new UsageError(
      'There is no cluster to look at: name one with --kubeconfig FILE, or run this in a pod.',
    );
  const log = openLog('error', { stream: process.stderr, forPeople: process.stderr.isTTY });
  const { paths } = await findEnvironment(process.env);
  const known = await new Kernelspecs({ paths, log, provisioners: ['local', 'kubernetes'] }).list();
  const ending = new AbortController();
  const interrupted = (): void => ending.abort(new UsageError('Interrupted.'));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const progress = terminalProgress();
  const findings: Finding[] = [];
  try {
    const examination = examineCluster({
      options: settings,
      kernelspecs: [...known.values()].filter(
        ({ spec }) =>
          (spec.metadata?.['kernel_provisioner'] as { provisioner_name?: unknown } | undefined)
            ?.provisioner_name === 'kubernetes',
      ),
      onProgress: (message) => {
        if (!settings.json && process.stderr.isTTY) progress.step(message);
      },
      isDry: settings.dry,
      log,
      signal: ending.signal,
    });
    for await (const finding of examination) {
      findings.push(finding);
      if (!settings.json) process.stdout.write(lineOf(finding));
    }
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
  if (settings.json) process.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`);
  else process.stdout.write(summaryOf(findings));
  return findings.some(({ state }) => state === 'problem') ? 1 : 0;
}

const marks = { good: 'ok', warning: 'look', problem: 'BAD' } as const;

function lineOf({ state, subject, message, remedy }: Finding): string {
  const line = `${marks[state].padEnd(5)}${subject}: ${message}\n`;
  return remedy === undefined ? line : `${line}     → ${remedy}\n`;
}

function summaryOf(findings: readonly Finding[]): string {
  const bad = findings.filter(({ state }) => state === 'problem').length;
  const soft = findings.filter(({ state }) => state === 'warning').length;
  if (bad > 0)
    return `\n${bad === 1 ? '1 thing has' : `${bad} things have`} to be mended before kernels run in this cluster.\n`;
  return soft > 0
    ? '\nKernels run in this cluster; see above for what could be better.\n'
    : '\nKernels run in this cluster.\n';
}
