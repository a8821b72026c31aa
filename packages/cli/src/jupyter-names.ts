// Jupyter's own names for settings that we have too, so that what a person has set already goes on to hold.

/** Variables that jupyter_server reads (its `default_value` from the environment), by our option. */
export const jupyterVariables: Readonly<Record<string, readonly string[]>> = {
  port: ['JUPYTER_PORT'],
  portRetries: ['JUPYTER_PORT_RETRIES'],
  token: ['JUPYTER_TOKEN'],
  gatewayUrl: ['JUPYTER_GATEWAY_URL'],
  gatewayWsUrl: ['JUPYTER_GATEWAY_WS_URL'],
  gatewayToken: ['JUPYTER_GATEWAY_AUTH_TOKEN'],
  gatewayAuthScheme: ['JUPYTER_GATEWAY_AUTH_SCHEME'],
  gatewayAuthHeaderKey: ['JUPYTER_GATEWAY_AUTH_HEADER_KEY'],
  gatewayHeaders: ['JUPYTER_GATEWAY_HEADERS'],
  gatewayHttpUser: ['JUPYTER_GATEWAY_HTTP_USER'],
  gatewayHttpPwd: ['JUPYTER_GATEWAY_HTTP_PWD'],
  gatewayClientCert: ['JUPYTER_GATEWAY_CLIENT_CERT'],
  gatewayClientKey: ['JUPYTER_GATEWAY_CLIENT_KEY'],
  gatewayCaCerts: ['JUPYTER_GATEWAY_CA_CERTS'],
  gatewayValidateCert: ['JUPYTER_GATEWAY_VALIDATE_CERT'],
  gatewayAllowedEnvs: ['JUPYTER_GATEWAY_ALLOWED_ENVS'],
  gatewayConnectTimeoutS: ['JUPYTER_GATEWAY_CONNECT_TIMEOUT'],
  gatewayRequestTimeoutS: ['JUPYTER_GATEWAY_REQUEST_TIMEOUT'],
  gatewayRetryIntervalMaxS: ['JUPYTER_GATEWAY_RETRY_INTERVAL_MAX'],
};

/** Flags that Jupyter's users type. */
export const jupyterFlags: Readonly<Record<string, string>> = {
  '-y': '--yes',
  '--notebook-dir': '--root-dir',
  '--ServerApp.port': '--port',
  '--ServerApp.ip': '--ip',
  '--ServerApp.root_dir': '--root-dir',
  '--ServerApp.base_url': '--base-url',
  '--ServerApp.token': '--token',
  '--IdentityProvider.token': '--token',
  '--GatewayClient.url': '--gateway-url',
  '--GatewayClient.auth_token': '--gateway-token',
};

/** Traits of `jupyter_server_config.json`, by `Class.trait`. Others belong to parts of Jupyter that are not ours, and are left alone. */
const jupyterTraits: Readonly<Record<string, string>> = {
  'ServerApp.port': 'port',
  'ServerApp.port_retries': 'portRetries',
  'ServerApp.ip': 'ip',
  'ServerApp.root_dir': 'rootDir',
  'ServerApp.base_url': 'baseUrl',
  'ServerApp.default_url': 'defaultUrl',
  'ServerApp.open_browser': 'browser',
  'ServerApp.allow_origin': 'allowOrigin',
  'ServerApp.allow_origin_pat': 'allowOriginPat',
  'ServerApp.allow_credentials': 'allowCredentials',
  'ServerApp.allow_remote_access': 'allowRemoteAccess',
  'ServerApp.local_hostnames': 'localHostnames',
  'ServerApp.certfile': 'certfile',
  'ServerApp.keyfile': 'keyfile',
  'ServerApp.client_ca': 'clientCa',
  'ServerApp.sock': 'sock',
  'ServerApp.trust_xheaders': 'trustXheaders',
  'ServerApp.quit_button': 'quitButton',
  'ServerApp.allow_root': 'allowRoot',
  'ServerApp.token': 'token',
  'ServerApp.password': 'hashedPassword',
  'IdentityProvider.token': 'token',
  'IdentityProvider.hashed_password': 'hashedPassword',
  'PasswordIdentityProvider.hashed_password': 'hashedPassword',
  'GatewayClient.url': 'gatewayUrl',
  'GatewayClient.ws_url': 'gatewayWsUrl',
  'GatewayClient.auth_token': 'gatewayToken',
  'GatewayClient.auth_scheme': 'gatewayAuthScheme',
  'GatewayClient.auth_header_key': 'gatewayAuthHeaderKey',
  'GatewayClient.headers': 'gatewayHeaders',
  'GatewayClient.http_user': 'gatewayHttpUser',
  'GatewayClient.http_pwd': 'gatewayHttpPwd',
  'GatewayClient.client_cert': 'gatewayClientCert',
  'GatewayClient.client_key': 'gatewayClientKey',
  'GatewayClient.ca_certs': 'gatewayCaCerts',
  'GatewayClient.validate_cert': 'gatewayValidateCert',
  'GatewayClient.connect_timeout': 'gatewayConnectTimeoutS',
  'GatewayClient.request_timeout': 'gatewayRequestTimeoutS',
  'GatewayClient.gateway_retry_interval_max': 'gatewayRetryIntervalMaxS',
  'ContentsManager.allow_hidden': 'allowHidden',
  'FileContentsManager.delete_to_trash': 'deleteToTrash',
  'FileContentsManager.always_delete_dir': 'alwaysDeleteDir',
  'MappingKernelManager.cull_idle_timeout': 'cullIdleTimeout',
  'MappingKernelManager.cull_interval': 'cullInterval',
  'MappingKernelManager.cull_connected': 'cullConnected',
  'MappingKernelManager.cull_busy': 'cullBusy',
};

/** The settings of a `jupyter_server_config.json` that we have too, by our names. */
export function readJupyterTraits(
  config: unknown,
  known: (option: string) => boolean,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  if (typeof config !== 'object' || config === null) return values;
  for (const [section, traits] of Object.entries(config)) {
    if (typeof traits !== 'object' || traits === null) continue;
    for (const [trait, value] of Object.entries(traits)) {
      const option = jupyterTraits[`${section}.${trait}`];
      if (option !== undefined && known(option)) values[option] = value;
    }
  }
  return values;
}
