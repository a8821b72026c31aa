/** What kernels inherit without a word about it: what programs need to run, and nothing that could be a secret. */
const neededVariables: readonly string[] = [
  // Where programs and their files are.
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'PWD',
  'TMPDIR',
  'TMP',
  'TEMP',
  'TERM',
  'COLORTERM',
  'XDG_*',
  'LD_LIBRARY_PATH',
  'DYLD_*',
  // How they speak.
  'LANG',
  'LANGUAGE',
  'LC_*',
  'TZ',
  'TZDIR',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  // Languages.
  'VIRTUAL_ENV',
  'VIRTUAL_ENV_PROMPT',
  'CONDA_*',
  'MAMBA_*',
  'PYENV_*',
  'PYTHON*',
  'IPYTHONDIR',
  'MPL*',
  'R_*',
  'RENV_PATHS_*',
  'JULIA_*',
  'JAVA_HOME',
  'SPARK_HOME',
  'HADOOP_HOME',
  'HADOOP_CONF_DIR',
  'GOPATH',
  'GOROOT',
  'CARGO_HOME',
  'RUSTUP_HOME',
  'JUPYTER_PATH',
  'JUPYTER_DATA_DIR',
  'JUPYTER_CONFIG_DIR',
  'JUPYTER_CONFIG_PATH',
  'JUPYTER_RUNTIME_DIR',
  'JUPYTER_PLATFORM_DIRS',
  'JUPYTER_PREFER_ENV_PATH',
  'JUPYTER_NO_CONFIG',
  // The way out.
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'FTP_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'ftp_proxy',
  'all_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'PIP_CERT',
  'NODE_EXTRA_CA_CERTS',
  // Processors of all kinds.
  'CUDA_*',
  'NVIDIA_*',
  'ROCM_*',
  'HIP_*',
  'OMP_*',
  'KMP_*',
  'MKL_*',
  'OPENBLAS_*',
  'NUMEXPR_*',
  'BLIS_*',
  'VECLIB_*',
  'TF_*',
  'XLA_*',
];

/** What a family of needed variables may have among it: NVIDIA_API_KEY, TF_TOKEN_…, CONDA_TOKEN. */
const secretWords = /TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY/i;

/**
 * Variables that are the server's own affair, whatever else is allowed. `JPY_PARENT_PID` would end an ipykernel together with
 * the server; what npm adds when it starts the server is nothing that the user has set.
 */
const withheldVariables: readonly string[] = [
  'PERIJOVE_*',
  'JUPYTER_TOKEN',
  'JUPYTER_TOKEN_FILE',
  'JUPYTERHUB_API_TOKEN',
  'JUPYTERHUB_COOKIE_SECRET',
  'JPY_API_TOKEN',
  'JPY_COOKIE_SECRET',
  'JPY_PARENT_PID',
  'JPY_SESSION_NAME',
  'CONFIGPROXY_AUTH_TOKEN',
  'KG_AUTH_TOKEN',
  'EG_AUTH_TOKEN',
  'PYTHONEXECUTABLE',
  'npm_*',
  'INIT_CWD',
];

/**
 * Chooses what a kernel inherits: what programs need, and what `allowed` names besides; never what is withheld. `*` at the
 * end of a pattern stands for anything.
 */
export function inheritedEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  allowed: readonly string[] = [],
): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || withheldVariables.some((pattern) => matches(pattern, name))) continue;
    const isNeeded = !secretWords.test(name) && neededVariables.some((pattern) => matches(pattern, name));
    if (isNeeded || allowed.some((pattern) => matches(pattern, name))) inherited[name] = value;
  }
  return inherited;
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
