// Which plugins run: pure, so that it can be tested without a page.

/** Plugins that JupyterLab renamed; a user's configuration may still have the old id. */
const renamed = {
  '@jupyterlab/application:mimedocument': '@jupyterlab/application-extension:mimedocument',
  '@jupyterlab/help-extension:licenses': '@jupyterlab/apputils-extension:licenses-plugin',
  '@jupyterlab/lsp:ILSPCodeExtractorsManager': '@jupyterlab/lsp-extension:code-extractor-manager',
  '@jupyterlab/translation:translator': '@jupyterlab/translation-extension:translator',
  '@jupyterlab/workspaces:commands': '@jupyterlab/workspaces-extension:commands',
};

/** Stock plugin → the one of ours that takes its place. Disable ours and the stock one is back. */
export const replacements = {
  '@jupyterlab/application-extension:logo': '@perijove/lab:logo',
  '@jupyterlab/apputils-extension:splash': '@perijove/lab:splash',
  '@jupyterlab/apputils-extension:settings': '@perijove/lab:settings',
  '@jupyterlab/help-extension:about': '@perijove/lab:about',
  '@jupyterlab/hub-extension:connectionlost': '@perijove/lab:connection',
  '@jupyterlab/notebook-extension:cell-executor': '@perijove/lab:cell-executor',
  '@jupyterlab/services-extension:event-manager': '@perijove/lab:events',
};

const replacedBy = Object.fromEntries(Object.entries(replacements).map(([stock, ours]) => [ours, stock]));

export class PluginChoice {
  /** Everything that could run, for the plugin manager. */
  available = [];
  disabled = [];
  deferred = [];

  #disabledPatterns;
  #deferredPatterns;

  constructor({ disabled, deferred }) {
    this.#disabledPatterns = disabled.map((id) => renamed[id] ?? id);
    this.#deferredPatterns = deferred.map((id) => renamed[id] ?? id);
  }

  /**
   * Is this plugin, or the whole extension, switched off? Whoever switches off a stock plugin, as an extension does that
   * brings its own, means what takes its place here as well.
   */
  isDisabled(id) {
    const stock = replacedBy[id];
    return (
      matches(this.#disabledPatterns, id) || (stock !== undefined && this.#disabledPatterns.includes(stock))
    );
  }

  /** The plugins of one extension that may run; notes the others. */
  active({ scope, module }) {
    return pluginsOf(module).filter((plugin) => {
      const enabled = !this.isDisabled(plugin.id);
      this.available.push({
        id: plugin.id,
        description: plugin.description,
        requires: plugin.requires ?? [],
        optional: plugin.optional ?? [],
        provides: plugin.provides ?? null,
        autoStart: plugin.autoStart,
        enabled,
        extension: scope,
      });
      if (!enabled) this.disabled.push(plugin.id);
      else if (matches(this.#deferredPatterns, plugin.id)) this.deferred.push(plugin.id);
      return enabled;
    });
  }

  withoutReplaced(plugins) {
    const ids = new Set(plugins.map((plugin) => plugin.id));
    return plugins.filter((plugin) => !ids.has(replacements[plugin.id]));
  }
}

function matches(patterns, id) {
  const extension = id.includes(':') ? id.slice(0, id.indexOf(':')) : undefined;
  return patterns.some((pattern) => pattern === id || pattern === extension);
}

function pluginsOf(module) {
  const exported = Object.hasOwn(module, '__esModule') ? module.default : module;
  return Array.isArray(exported) ? exported : [exported];
}
