import { good, problem, warning, type Finding } from './finding.ts';

/** A right in the cluster, as a SelfSubjectAccessReview asks for it (Kubernetes docs, "Authorization"). */
export interface Right {
  readonly verb: string;
  readonly group: '' | 'apps' | 'coordination.k8s.io' | 'metrics.k8s.io';
  readonly resource: string;
  readonly subresource?: string;
  /** Of one object alone. */
  readonly name?: string;
  /** In the whole cluster, not in the kernels' namespace. */
  readonly isClusterWide?: boolean;
  /** What cannot be had without it; undefined: nothing at all. */
  readonly lets?: string;
}

export interface Wants {
  /** Kernels are reached through the API. */
  readonly forwards: boolean;
  readonly lease: string;
  readonly owner: string;
}

/** What a server asks of the cluster (docs/kubernetes.md). Pure. */
export function neededRights({ forwards, lease, owner }: Wants): readonly Right[] {
  const rights = (
    verbs: readonly string[],
    resource: string,
    more: Partial<Omit<Right, 'verb' | 'resource'>> = {},
  ): Right[] => verbs.map((verb) => ({ verb, group: '', resource, ...more }));
  return [
    ...rights(['get', 'list', 'watch', 'create', 'patch', 'delete'], 'pods'),
    ...rights(['get', 'create'], 'secrets'),
    ...rights(['get'], 'pods', { subresource: 'log', lets: 'say the last lines of a kernel that died' }),
    ...rights(['get', 'create'], 'pods', { subresource: 'exec', lets: 'interrupt kernels by signal' }),
    ...rights(['list', 'watch'], 'events', { lets: 'say why a start takes long' }),
    ...(forwards ? rights(['get', 'create'], 'pods', { subresource: 'portforward' }) : []),
    ...(lease === ''
      ? []
      : rights(['get', 'update'], 'leases', { group: 'coordination.k8s.io', name: lease })),
    ...(owner === '' ? [] : rights(['get'], 'deployments', { group: 'apps', name: owner })),
    ...rights(['list'], 'pods', { group: 'metrics.k8s.io', lets: 'say what kernels use' }),
    ...rights(['list'], 'nodes', { isClusterWide: true, lets: 'say how much room the nodes have' }),
    ...rights(['list'], 'pods', { isClusterWide: true, lets: 'say how much room the nodes have' }),
  ];
}

/** Says which of them are missing, and how to give them. Pure. */
export function rightsFindings(
  asked: readonly { readonly right: Right; readonly isAllowed: boolean }[],
  namespace: string,
): readonly Finding[] {
  const missing = asked.filter(({ isAllowed }) => !isAllowed).map(({ right }) => right);
  const hard = missing.filter(({ lets }) => lets === undefined);
  const soft = missing.filter(({ lets }) => lets !== undefined);
  const findings: Finding[] = [];
  if (hard.length > 0) {
    findings.push(
      problem(
        'permissions',
        `this account may not ${inWords(hard)} in the namespace ${namespace}`,
        commandFor(hard, namespace),
      ),
    );
  }
  for (const lets of new Set(soft.map((right) => right.lets))) {
    const group = soft.filter((right) => right.lets === lets);
    findings.push(
      warning(
        'permissions',
        `without the right to ${inWords(group)} the server cannot ${lets}`,
        commandFor(group, namespace),
      ),
    );
  }
  if (missing.length === 0) findings.push(good('permissions', 'all that is needed is permitted'));
  return findings;
}

/** "create and patch pods, get secrets" */
function inWords(rights: readonly Right[]): string {
  return [...byResource(rights)].map(([resource, verbs]) => `${listed(verbs)} ${resource}`).join(', ');
}

function commandFor(rights: readonly Right[], namespace: string): string {
  return [...byResource(rights)]
    .map(([resource, verbs]) => {
      const isClusterWide = rights.some(
        (right) => nameOf(right) === resource && right.isClusterWide === true,
      );
      const kind = isClusterWide ? 'clusterrole' : 'role';
      const where = isClusterWide ? '' : ` --namespace ${namespace}`;
      const name = `perijove-${resource.replaceAll(/[^a-z]+/g, '-')}`;
      return `kubectl${where} create ${kind} ${name} --verb=${verbs.join(',')} --resource=${resource}`;
    })
    .join('; ')
    .concat(', and bind it to the account');
}

function byResource(rights: readonly Right[]): Map<string, string[]> {
  const verbs = new Map<string, string[]>();
  for (const right of rights) {
    const resource = nameOf(right);
    verbs.set(resource, [...(verbs.get(resource) ?? []), right.verb]);
  }
  return verbs;
}

function nameOf({ group, resource, subresource }: Right): string {
  const whole = group === '' ? resource : `${resource}.${group}`;
  return subresource === undefined ? whole : `${whole}/${subresource}`;
}

function listed(words: readonly string[]): string {
  return words.length === 1 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
