// Enterprise Gateway's names for settings that we have too (gateway.md, section 2), so that what starts it starts a gateway of ours.

/** Its variables, by our option. `KG_` is what they were called in Kernel Gateway. */
export const jegVariables: Readonly<Record<string, readonly string[]>> = {
  ip: ['KG_IP', 'EG_IP'],
  port: ['KG_PORT', 'EG_PORT'],
  portRetries: ['KG_PORT_RETRIES', 'EG_PORT_RETRIES'],
  baseUrl: ['KG_BASE_URL', 'EG_BASE_URL'],
  token: ['KG_AUTH_TOKEN', 'EG_AUTH_TOKEN'],
  allowCredentials: ['KG_ALLOW_CREDENTIALS', 'EG_ALLOW_CREDENTIALS'],
  allowHeaders: ['KG_ALLOW_HEADERS', 'EG_ALLOW_HEADERS'],
  allowMethods: ['KG_ALLOW_METHODS', 'EG_ALLOW_METHODS'],
  allowOrigin: ['KG_ALLOW_ORIGIN', 'EG_ALLOW_ORIGIN'],
  exposeHeaders: ['KG_EXPOSE_HEADERS', 'EG_EXPOSE_HEADERS'],
  corsMaxAgeS: ['KG_MAX_AGE', 'EG_MAX_AGE'],
  trustXheaders: ['KG_TRUST_XHEADERS', 'EG_TRUST_XHEADERS'],
  certfile: ['KG_CERTFILE', 'EG_CERTFILE'],
  keyfile: ['KG_KEYFILE', 'EG_KEYFILE'],
  clientCa: ['KG_CLIENT_CA', 'EG_CLIENT_CA'],
  maxKernels: ['KG_MAX_KERNELS', 'EG_MAX_KERNELS'],
  maxKernelsPerUser: ['EG_MAX_KERNELS_PER_USER'],
  defaultKernelName: ['KG_DEFAULT_KERNEL_NAME', 'EG_DEFAULT_KERNEL_NAME'],
  allowedKernelspecs: ['EG_KERNEL_WHITELIST', 'EG_ALLOWED_KERNELS'],
  listKernels: ['KG_LIST_KERNELS', 'EG_LIST_KERNELS'],
  allowedEnvs: ['EG_ENV_WHITELIST', 'EG_CLIENT_ENVS'],
  authorizedUsers: ['EG_AUTHORIZED_USERS'],
  unauthorizedUsers: ['EG_UNAUTHORIZED_USERS'],
  launchTimeoutS: ['EG_KERNEL_LAUNCH_TIMEOUT'],
  replyTimeoutS: ['EG_KERNEL_INFO_TIMEOUT'],
  websocketPingIntervalS: ['EG_WS_PING_INTERVAL_SECS'],
  cullIdleTimeout: ['EG_CULL_IDLE_TIMEOUT'],
  cullInterval: ['EG_CULL_INTERVAL'],
  cullConnected: ['EG_CULL_CONNECTED'],
  stateDir: ['EG_PERSISTENCE_ROOT'],
};

/** Its flags, where somebody types them. */
export const jegFlags: Readonly<Record<string, string>> = {
  '-y': '--yes',
  '--client-ca': '--client-ca',
  '--EnterpriseGatewayApp.ip': '--ip',
  '--EnterpriseGatewayApp.port': '--port',
  '--EnterpriseGatewayApp.port_retries': '--port-retries',
  '--EnterpriseGatewayApp.base_url': '--base-url',
  '--EnterpriseGatewayApp.auth_token': '--token',
  '--EnterpriseGatewayApp.max_kernels': '--max-kernels',
  '--EnterpriseGatewayApp.max_kernels_per_user': '--max-kernels-per-user',
  '--EnterpriseGatewayApp.default_kernel_name': '--default-kernel-name',
  '--EnterpriseGatewayApp.list_kernels': '--list-kernels',
  '--RemoteMappingKernelManager.cull_idle_timeout': '--cull-idle-timeout',
  '--RemoteMappingKernelManager.cull_interval': '--cull-interval',
  '--RemoteMappingKernelManager.cull_connected': '--cull-connected',
};

// What they ask for is always so here: kernels outlive a gateway, kernelspecs are cached, sockets have no small limit.
const alwaysSo = new Set([
  'EG_AVAILABILITY_MODE',
  'EG_KERNEL_SESSION_PERSISTENCE',
  'EG_KERNELSPEC_CACHE_ENABLED',
  'EG_DYNAMIC_CONFIG_INTERVAL',
  'EG_ZMQ_MAX_SOCKETS',
  'EG_ZMQ_IO_THREADS',
  'EG_SSL_VERSION',
  'KG_SSL_VERSION',
]);

/** Values that mean another thing there: no limit is -1 or an empty text, lists are Python's or JSON's. */
export function asOurs(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const ours = { ...env };
  for (const [option, names] of Object.entries(jegVariables)) {
    for (const name of names) {
      const text = ours[name];
      if (text === undefined) continue;
      const meant = meaningOf(option, text);
      if (meant === undefined) delete ours[name];
      else ours[name] = meant;
    }
  }
  return ours;
}

/** Undefined: as if it were not set. */
function meaningOf(option: string, text: string): string | undefined {
  // There, an empty variable is the default; here, an empty token would mean that none is asked for, which is its default.
  if (text === '' && option !== 'token') return undefined;
  if (option.startsWith('maxKernels')) return text === '-1' ? '0' : text;
  if (/Users$|^allowedEnvs$|^allowedKernelspecs$/.test(option))
    return text.replace(/^[[({]|[\])}]$|["']/g, '');
  if (option === 'websocketPingIntervalS' && Number(text) === 0) return undefined;
  return text;
}

/** Variables of Enterprise Gateway that are set and mean nothing here. */
export function unknownJegVariables(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = new Set(Object.values(jegVariables).flat());
  return Object.keys(env)
    .filter((name) => /^[EK]G_/.test(name) && !known.has(name) && !alwaysSo.has(name))
    .toSorted();
}
