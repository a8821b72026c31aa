import { expect, test } from 'vitest';
import { quotaFindings } from './quotas.ts';
import { neededRights, rightsFindings, type Right } from './rights.ts';

const asked = (rights: readonly Right[], isAllowed: (right: Right) => boolean) =>
  rights.map((right) => ({ right, isAllowed: isAllowed(right) }));
const wanted = neededRights({ forwards: true, lease: 'pj', owner: 'pj' });

test('[P21] what is missing is named, with the command that gives it; what only makes things better is a warning', () => {
  expect(
    rightsFindings(
      asked(wanted, () => true),
      'ns',
    ),
  ).toMatchObject([{ state: 'good' }]);
  const findings = rightsFindings(
    asked(
      wanted,
      ({ verb, resource, subresource, isClusterWide }) =>
        !(
          verb === 'patch' ||
          verb === 'watch' ||
          subresource === 'portforward' ||
          resource === 'nodes' ||
          isClusterWide === true
        ),
    ),
    'ns',
  );
  expect(findings).toEqual([
    {
      state: 'problem',
      subject: 'permissions',
      message:
        'this account may not watch and patch pods, get and create pods/portforward in the namespace ns',
      remedy:
        'kubectl --namespace ns create role perijove-pods --verb=watch,patch --resource=pods; ' +
        'kubectl --namespace ns create role perijove-pods-portforward --verb=get,create --resource=pods/portforward, and bind it to the account',
    },
    {
      state: 'warning',
      subject: 'permissions',
      message: 'without the right to watch events the server cannot say why a start takes long',
      remedy:
        'kubectl --namespace ns create role perijove-events --verb=watch --resource=events, and bind it to the account',
    },
    {
      state: 'warning',
      subject: 'permissions',
      message:
        'without the right to list nodes, list pods the server cannot say how much room the nodes have',
      remedy:
        'kubectl create clusterrole perijove-nodes --verb=list --resource=nodes; ' +
        'kubectl create clusterrole perijove-pods --verb=list --resource=pods, and bind it to the account',
    },
  ]);
});

test('[P21] a server that does not forward, and stands alone, needs less', () => {
  const names = neededRights({ forwards: false, lease: '', owner: '' }).map(
    ({ resource, subresource }) => subresource ?? resource,
  );
  for (const name of ['portforward', 'leases', 'deployments']) expect(names).not.toContain(name);
});

test('[P21] a quota that is used up is a problem, one that nearly is a warning, with the numbers', () => {
  const quota = (used: string) => ({
    metadata: { name: 'q' },
    status: { hard: { 'requests.memory': '10Gi', pods: '20' }, used: { 'requests.memory': used, pods: '2' } },
  });
  expect(quotaFindings([])).toMatchObject([{ state: 'good' }]);
  expect(quotaFindings([quota('1Gi'), quota('9500Mi'), quota('10Gi')])).toMatchObject([
    { state: 'good', message: 'leaves room: 1Gi of 10Gi requests.memory, 2 of 20 pods' },
    { state: 'warning', message: 'is nearly used up: 9500Mi of 10Gi requests.memory' },
    { state: 'problem', message: 'is used up: 10Gi of 10Gi requests.memory' },
  ]);
});
