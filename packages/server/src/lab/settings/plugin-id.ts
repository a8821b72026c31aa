import { ServerError } from '../../errors.ts';

/** `@jupyterlab/apputils-extension:themes`: the package and the plugin of a set of settings. */
export interface PluginId {
  readonly id: string;
  readonly package: string;
  readonly plugin: string;
}

const segment = /^(?!\.)[\w.@~-]{1,128}$/;

/** Throws NOT_FOUND for what cannot be an id: so no id ever names a file outside the folders of settings. */
export function parsePluginId(id: string): PluginId {
  const [name, plugin, ...rest] = id.split(':');
  const parts = name?.split('/') ?? [];
  const isValid =
    rest.length === 0 &&
    plugin !== undefined &&
    parts.length <= 2 &&
    [...parts, plugin].every((part) => segment.test(part));
  if (!isValid) throw new ServerError('NOT_FOUND', `Settings not found (${id.slice(0, 300)})`);
  return { id, package: name as string, plugin };
}
