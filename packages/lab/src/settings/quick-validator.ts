import {
  DefaultSchemaValidator,
  type ISchemaValidator,
  type ISettingRegistry,
} from '@jupyterlab/settingregistry';
import { defaultValues, type JsonObject } from './default-values.ts';

/**
 * Takes the defaults for plugins of which the user changed nothing, and leaves the others, and every edit, to
 * JupyterLab's own validator. A schema is thereby not checked until something is set by it.
 */
export class QuickValidator implements ISchemaValidator {
  #full: DefaultSchemaValidator | undefined;

  validateData(plugin: ISettingRegistry.IPlugin, populate = true): ISchemaValidator.IError[] | null {
    const { schema } = plugin;
    const composite =
      plugin.raw.trim() === '{}' && schema.type === 'object'
        ? defaultValues(schema as unknown as JsonObject)
        : undefined;
    if (composite === undefined) {
      this.#full ??= new DefaultSchemaValidator();
      return this.#full.validateData(plugin, populate);
    }
    if (populate) plugin.data = { composite, user: {} };
    return null;
  }
}
