import type { LaunchRequest } from '@perijove/kernels';
import { expect, test } from 'vitest';
import { kubernetesConfigOf, type KubernetesConfig } from './kernelspec-config.ts';
import { labelValue, podManifest, podNameOf, workingDirOf } from './pod-manifest.ts';

const launch: LaunchRequest = {
  kernelId: '5b0f9cbe-6c9e-4d3c-9f3c-2f5f0b3a7d11',
  kernelspec: {
    name: 'python-cluster',
    resourceDir: '/usr/share/jupyter/kernels/python-cluster',
    spec: {
      display_name: 'Python',
      language: 'python',
      argv: ['python3', '-m', 'ipykernel_launcher', '-f', '{connection_file}', '--note=$(HOME)'],
      env: { WHO: 'user ${KERNEL_USERNAME}', SERVER: '${HOME}' },
    },
  },
  cwd: '/home/ada/work/project',
  env: { KERNEL_FLAVOUR: '$(SECRET)' },
  username: 'ada@example.org',
  resources: { memoryBytes: 2 ** 30, cpus: 1.5 },
  requests: { memoryBytes: 2 ** 29, cpus: 0.1 },
};

interface Made {
  readonly metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  readonly spec: Record<string, unknown> & {
    securityContext: object;
    containers: [Record<string, unknown> & { env: { name: string; value?: string }[] }];
    volumes: { name: string }[];
  };
}

function made(config: Partial<KubernetesConfig> = {}, request: Partial<LaunchRequest> = {}): Made {
  return podManifest({
    launch: { ...launch, ...request },
    config: { image: 'jupyter/base:2026', ...config },
    podName: 'kernel-1',
    instance: 'lab-1',
    nodeLostS: 30,
  }) as Made;
}

test('[P2] a pod runs the image as it is by the kernelspec, with the python of the image', () => {
  const [container] = made().spec.containers;
  expect(container).toMatchObject({
    image: 'jupyter/base:2026',
    command: [
      'python3',
      '-m',
      'ipykernel_launcher',
      '-f',
      '/var/run/perijove/connection.json',
      '--note=$$(HOME)',
    ],
    resources: {
      requests: { memory: '536870912', cpu: '100m' },
      limits: { memory: '1073741824', cpu: '1500m' },
    },
  });
});

test('[P2] its environment has what the kernelspec and the server say, nothing of the server, and no reference to anything', () => {
  expect(made().spec.containers[0].env).toEqual([
    { name: 'KERNEL_ID', value: launch.kernelId },
    { name: 'KERNEL_USERNAME', value: 'ada@example.org' },
    { name: 'KERNEL_FLAVOUR', value: '$$(SECRET)' },
    { name: 'WHO', value: 'user ada@example.org' },
    { name: 'SERVER', value: '${HOME}' },
  ]);
});

test('[P3] a pod holds the restricted Pod Security level, and has no token of the cluster', () => {
  const { spec } = made();
  expect(spec).toMatchObject({
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 100,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  });
  expect(spec.containers[0]['securityContext']).toEqual({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  });
});

test('[P3] a read-only root leaves a place for temporary files', () => {
  const { spec } = made({ securityContext: { readOnlyRootFilesystem: true } });
  expect(spec.containers[0]).toMatchObject({
    securityContext: { readOnlyRootFilesystem: true },
    volumeMounts: [{ mountPath: '/var/run/perijove', readOnly: true }, { mountPath: '/tmp' }],
  });
  expect(spec.volumes.map(({ name }) => name)).toEqual(['perijove-connection', 'perijove-tmp']);
});

test('[P4] what decides the node goes through as it is', () => {
  const config = {
    nodeSelector: { disk: 'ssd' },
    affinity: { nodeAffinity: {} },
    priorityClassName: 'high',
    schedulerName: 'other',
    topologySpreadConstraints: [{ maxSkew: 1 }],
    tolerations: [{ key: 'gpu', operator: 'Exists' }],
    labels: { 'kueue.x-k8s.io/queue-name': 'team-a', 'app.kubernetes.io/managed-by': 'somebody' },
    resources: { limits: { 'nvidia.com/gpu': 1 } },
  };
  const { spec, metadata } = made(config);
  const { labels: _labels, resources: _resources, tolerations, ...rest } = config;
  expect(spec).toMatchObject(rest);
  expect(spec['tolerations']).toEqual(expect.arrayContaining(tolerations));
  expect(spec.containers[0]['resources']).toMatchObject({ limits: { 'nvidia.com/gpu': 1, cpu: '1500m' } });
  // By its own labels the server knows it: they are not to be changed.
  expect(metadata.labels).toMatchObject({
    'kueue.x-k8s.io/queue-name': 'team-a',
    'app.kubernetes.io/managed-by': 'perijove',
    'app.kubernetes.io/instance': 'lab-1',
  });
});

test('[P5] nothing of a client becomes more than a value', () => {
  const { spec, metadata } = made(
    {},
    {
      kernelId: 'x" ,"hostNetwork":true,"y":"\n- ',
      username: 'eve\n  hostPID: true # {{ kernel_image }}',
      env: {
        KERNEL_IMAGE: 'evil/image',
        KERNEL_NAMESPACE: 'kube-system',
        KERNEL_SERVICE_ACCOUNT_NAME: 'admin',
        KERNEL_POD_NAME: '{{ 7*7 }}',
        KERNEL_UID: '0',
        KERNEL_VOLUMES: '[{"name":"root","hostPath":{"path":"/"}}]',
        KERNEL_VOLUME_MOUNTS: '[{"name":"root","mountPath":"/host"}]',
      },
    },
  );
  expect(Object.keys(spec).toSorted()).toEqual(Object.keys(made().spec).toSorted());
  expect(spec).toMatchObject({
    securityContext: { runAsUser: 1000 },
    volumes: [{ name: 'perijove-connection' }],
  });
  expect(spec.containers[0]['image']).toBe('jupyter/base:2026');
  expect(metadata.labels['perijove.dev/kernel-id']).toMatch(/^[a-f0-9]{32}$/);
  expect(metadata.annotations['perijove.dev/username']).toBe('eve\n  hostPID: true # {{ kernel_image }}');
});

test.each([
  ['5b0f9cbe-6c9e-4d3c-9f3c-2f5f0b3a7d11', 'kernel-5b0f9cbe-6c9e-4d3c-9f3c-2f5f0b3a7d11-a1b2c3'],
  ['My_Kernel', 'kernel-9a0ec1a3'],
  ['../x', 'kernel-'],
])('[P5] the kernel %s has a pod of a name that Kubernetes takes', (id, start) => {
  const name = podNameOf(id, 'a1b2c3');
  expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  expect(name.startsWith(start.slice(0, 7))).toBe(true);
  expect(podNameOf(id, 'ffffff')).not.toBe(name);
});

test('[P5] two ids never share a label', () => {
  expect(labelValue('a/b')).not.toBe(labelValue('a:b'));
  expect(labelValue('a'.repeat(64))).not.toBe(labelValue('a'.repeat(65)));
});

test('[P6] the kernel starts in the folder of its document where a volume has it', () => {
  const mounts = { image: 'i', volumeMounts: [{ name: 'home', mountPath: '/home/ada' }], workingDir: '/srv' };
  expect(workingDirOf({ cwd: '/home/ada/work' }, mounts)).toBe('/home/ada/work');
  expect(workingDirOf({ cwd: '/home/adam' }, mounts)).toBe('/srv');
  expect(workingDirOf({ cwd: '/home/adam' }, { image: 'i' })).toBeUndefined();
});

test('[P20] a mount for each user has the folder of the kernel’s user, whatever that one is called', () => {
  const config = {
    volumeMounts: [
      { name: 'notebooks', mountPath: '/notebooks/{username}', subPath: '{username}', readOnly: false },
    ],
  };
  const mountsOf = (username: string, cwd = '/') => {
    const [container] = made(config, { username, cwd }).spec.containers;
    return { mount: (container['volumeMounts'] as object[])[0], workingDir: container['workingDir'] };
  };
  expect(mountsOf('ada', '/notebooks/ada/work')).toEqual({
    mount: { name: 'notebooks', mountPath: '/notebooks/ada', subPath: 'ada', readOnly: false },
    workingDir: '/notebooks/ada/work',
  });
  expect(mountsOf('../bob').mount).toMatchObject({
    mountPath: '/notebooks/~2e.~2fbob',
    subPath: '~2e.~2fbob',
  });
  expect(mountsOf('ada', '/notebooks/bob').workingDir).toBeUndefined();
});

test.each([
  [{}, /image/],
  [
    { image: 'i', hostNetwork: true },
    /config of the kernelspec python-cluster: hostNetwork is none of its fields/,
  ],
  [{ image: 'i', securityContext: { privileged: true } }, /securityContext.privileged is none of its fields/],
  [{ image: 'i', imagePullPolicy: 'Sometimes' }, /imagePullPolicy/],
  ['image', /config/],
])('[P1] a kernelspec with the config %j is refused, and the field is named', (config, message) => {
  const metadata = { kernel_provisioner: { provisioner_name: 'kubernetes', config } };
  const kernelspec = { ...launch.kernelspec, spec: { ...launch.kernelspec.spec, metadata } };
  expect(() => kubernetesConfigOf(kernelspec)).toThrow(
    expect.objectContaining({ code: 'KERNEL_LAUNCH_FAILED', message: expect.stringMatching(message) }),
  );
});
