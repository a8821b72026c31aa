import { KernelError } from '@perijove/kernels';
import { parseQuantity } from '@perijove/protocol';
import type { ClusterRefusal } from './cluster-client.ts';

/**
 * What the cluster says to a pod that it does not take: a quota (Kubernetes docs, "Resource Quotas"), a limit range, the Pod Security
 * level, an admission webhook, or no right to. Its own words, and what to do.
 */
export function createRefusal({ message, reason, status }: ClusterRefusal): KernelError {
  const words = message.replace(/^(pods|secrets) "[^"]*" is forbidden: /, '').replace(/\.$/, '');
  if (/exceeded quota/.test(message)) {
    const isHopeless = asksForMoreThanAll(message);
    return new KernelError(
      isHopeless ? 'KERNEL_NEVER_FITS' : 'KERNEL_LAUNCH_FAILED',
      isHopeless
        ? `It is larger than the namespace's quota: ${words}`
        : `The namespace's quota is used up: ${words}. Stop a kernel, or ask for a larger quota`,
    );
  }
  if (/(maximum|minimum) .* usage per|limit to request ratio/.test(message)) {
    return new KernelError('KERNEL_NEVER_FITS', `The namespace's limit range refuses the pod: ${words}`);
  }
  if (/cannot create resource/.test(message)) {
    return new KernelError(
      'KERNEL_LAUNCH_FAILED',
      `This server may not make pods in the cluster: ${words}. Its account needs the verbs get, list, watch, create, delete on pods and secrets`,
    );
  }
  if (/violates PodSecurity/.test(message)) {
    return new KernelError(
      'KERNEL_LAUNCH_FAILED',
      `The namespace's Pod Security level refuses the pod: ${words}`,
    );
  }
  return new KernelError(
    'KERNEL_LAUNCH_FAILED',
    `The cluster refuses the pod (${reason || status}): ${words}`,
  );
}

/** `exceeded quota: q, requested: cpu=4,memory=4Gi, used: cpu=1,memory=0, limited: cpu=8,memory=2Gi`: no end of another makes room for it. */
function asksForMoreThanAll(message: string): boolean {
  const [, requested = '', limited = ''] = /requested: (.*?), used: .*?, limited: (.*)$/.exec(message) ?? [];
  const limits = amountsIn(limited);
  return [...amountsIn(requested)].some(([name, amount]) => amount > (limits.get(name) ?? Infinity));
}

function amountsIn(text: string): Map<string, number> {
  return new Map(
    text
      .split(',')
      .map((part) => part.trim().split('='))
      .filter((pair): pair is [string, string] => pair.length === 2)
      .map(([name, quantity]) => [name, parseQuantity(quantity)]),
  );
}
