// What this page shares with prebuilt extensions. They were built to find exactly what JupyterLab shares: a
// package that is missing here, or is no singleton here, gives an extension its own copy, whose tokens match nothing.

/**
 * The `shared` option of module federation, as JupyterLab's own build computes it from the same lists.
 * @param upstream names that JupyterLab shares (`shared`), and those that may exist once only (`singletons`)
 * @param packages package.json of every compiled-in extension
 * @param installed finds the version that is installed
 */
export function sharedModules(upstream, packages, installed) {
  const shared = {};
  for (const name of upstream.shared) {
    // What this page itself is content with. An extension may bring a newer one within the range.
    shared[name] = { requiredVersion: `${name.startsWith('@jupyterlab/') ? '~' : '^'}${installed(name)}` };
  }
  for (const { name, version } of packages) shared[name] ??= { requiredVersion: version };
  for (const [name, config] of Object.entries(dependenciesOf(packages))) shared[name] ??= config;
  for (const name of upstream.singletons) shared[name] = { ...shared[name], singleton: true };
  return shared;
}

/** What the extensions depend on, with what they say of it themselves (`jupyterlab.sharedPackages`). */
function dependenciesOf(packages) {
  const found = {};
  for (const { dependencies = {}, jupyterlab = {} } of packages) {
    const own = Object.fromEntries(
      Object.entries(dependencies).map(([name, requiredVersion]) => [name, { requiredVersion }]),
    );
    for (const [name, config] of Object.entries(jupyterlab.sharedPackages ?? {})) {
      if (config === false) delete own[name];
      else own[name] = withoutBundled(config);
    }
    for (const [name, config] of Object.entries(own)) {
      // `import: false` means "another has it", so whoever does bring it wins.
      if (!found[name] || found[name].import === false) found[name] = config;
    }
  }
  return found;
}

function withoutBundled({ bundled, ...config }) {
  return bundled === undefined ? config : { ...config, import: bundled };
}
