// Which modules are needed before the launcher shows.
//
// Module federation puts every shared package behind a dynamic import of its own, so JupyterLab's page asks for
// some seventy files one after the other. All that start.js reaches without a dynamic import of somebody's
// choosing is marked here instead, to travel in one file. A shared package is found through its "consume"
// module, whose dynamic import is the federation's own and not a choice.

/** Chosen, but at every start: the settings' editor language, and the notifications' toasts. */
const alwaysImported = /[\\/]node_modules[\\/](@codemirror[\\/]lang-json|react-toastify)[\\/]/;

export class StartupModules {
  #modules = new Set();

  constructor(entry) {
    this.entry = entry;
  }

  /**
   * Whether this module's code may share a chunk with the other ones. A "consume" module may not: a chunk is
   * loaded once all that it consumes is, so it would wait for itself.
   */
  hasCode(module) {
    return module.type !== 'consume-shared-module' && this.#modules.has(module.identifier());
  }

  apply(compiler) {
    compiler.hooks.compilation.tap('StartupModules', (compilation) => {
      compilation.hooks.finishModules.tap('StartupModules', (modules) => {
        this.#modules = reach([...modules], this.entry, compilation.moduleGraph);
      });
    });
  }
}

function reach(modules, entry, graph) {
  const start = modules.find((module) => module.resource === entry);
  if (!start) throw new Error(`${entry} is not part of the build`);
  const starts = [start, ...modules.filter((module) => alwaysImported.test(module.resource ?? ''))];
  const seen = new Map(starts.map((module) => [module.identifier(), module]));
  // A Map goes on to visit what is added while it is walked.
  for (const module of seen.values()) {
    const dependencies = [...module.dependencies];
    if (module.type === 'consume-shared-module') {
      dependencies.push(...module.blocks.flatMap((block) => block.dependencies));
    }
    for (const dependency of dependencies) {
      const next = graph.getModule(dependency);
      if (next && !seen.has(next.identifier())) seen.set(next.identifier(), next);
    }
  }
  return new Set(seen.keys());
}
