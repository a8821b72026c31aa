import { KernelError } from '@perijove/kernels';
import type { ClusterClient } from './cluster-client.ts';
import { kernelContainer } from './pod.ts';

/** Channels of an exec (Kubernetes API, "v4.channel.k8s.io": the first byte of each frame). */
const errorChannel = 3;
const execTimeoutMs = 10_000;

/** Runs a command in a kernel's container, and resolves when it has ended well. Rejects with KERNEL_NO_REPLY, which says how it has not. */
export async function execInPod(
  client: ClusterClient,
  podPath: string,
  command: readonly string[],
): Promise<void> {
  const socket = await client.openSocket(
    `${podPath}/exec`,
    [
      ['container', kernelContainer],
      ['stdout', 'true'],
      ['stderr', 'true'],
      ...command.map((part): [string, string] => ['command', part]),
    ],
    'v4.channel.k8s.io',
  );
  const written: string[] = [];
  let status: { status?: string; message?: string } | undefined;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.terminate();
      reject(new KernelError('KERNEL_NO_REPLY', `no answer from the pod within ${execTimeoutMs / 1000} s`));
    }, execTimeoutMs);
    socket.on('message', (data: Buffer) => {
      const text = data.subarray(1).toString('utf8');
      if (data[0] === errorChannel) status = JSON.parse(text) as { status?: string; message?: string };
      else if (written.length < 20) written.push(text);
    });
    socket.on('unexpected-response', (_request, response) => {
      reject(
        new KernelError(
          'KERNEL_NO_REPLY',
          `the cluster does not run a command in the pod: HTTP status ${response.statusCode ?? 0}`,
        ),
      );
      socket.terminate();
    });
    socket.on('error', (error) =>
      reject(new KernelError('KERNEL_NO_REPLY', error.message, { cause: error })),
    );
    socket.on('close', () => {
      clearTimeout(timer);
      if (status?.status === 'Success') resolve();
      else {
        const why = [status?.message, written.join('').trim()].filter(Boolean).join(': ');
        reject(new KernelError('KERNEL_NO_REPLY', `${command.join(' ')} in the pod: ${why || 'no result'}`));
      }
    });
  });
}
