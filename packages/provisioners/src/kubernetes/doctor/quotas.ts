import { parseQuantity } from '@perijove/protocol';
import { good, problem, warning, type Finding } from './finding.ts';

/** What is used of a ResourceQuota (Kubernetes API reference). */
export interface Quota {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly hard?: Readonly<Record<string, string>>;
    readonly used?: Readonly<Record<string, string>>;
  };
}

/** Of a quota that is used up to this part, it is said before somebody's kernel is refused. */
const nearlyFull = 0.9;

/** What the namespace's quotas leave. Pure. */
export function quotaFindings(quotas: readonly Quota[]): readonly Finding[] {
  if (quotas.length === 0) return [good('quotas', 'the namespace has none')];
  return quotas.map(({ metadata: { name }, status: { hard = {}, used = {} } = {} }) => {
    const lines = Object.entries(hard).map(([resource, limit]) => {
      const have = used[resource] ?? '0';
      const whole = parseQuantity(limit);
      return {
        resource,
        words: `${have} of ${limit} ${resource}`,
        part: whole === 0 ? 1 : parseQuantity(have) / whole,
      };
    });
    const subject = `the quota ${name}`;
    const full = lines.filter(({ part }) => part >= 1).map(({ words }) => words);
    const nearly = lines.filter(({ part }) => part >= nearlyFull).map(({ words }) => words);
    const remedy = 'End kernels that nobody needs, or ask for a larger quota.';
    if (full.length > 0) return problem(subject, `is used up: ${full.join(', ')}`, remedy);
    if (nearly.length > 0) return warning(subject, `is nearly used up: ${nearly.join(', ')}`, remedy);
    return good(subject, `leaves room: ${lines.map(({ words }) => words).join(', ')}`);
  });
}
