/**
 * Variables that are the server's own affair. `JPY_PARENT_PID` would end an ipykernel together with the server; what npm
 * adds when it starts the server is nothing that the user has set.
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
 * Chooses what a kernel inherits: never what is withheld; of the rest all, or what `allowed` names. `*` at the end of a
 * pattern stands for anything.
 */
export function inheritedEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  allowed?: readonly string[],
): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || withheldVariables.some((pattern) => matches(pattern, name))) continue;
    if (allowed && !allowed.some((pattern) => matches(pattern, name))) continue;
    inherited[name] = value;
  }
  return inherited;
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
