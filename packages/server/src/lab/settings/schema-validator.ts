import type { Ajv as AjvClass, ErrorObject, ValidateFunction } from 'ajv';
import type { JsonObject } from '../../json-object.ts';

/** Checks settings against their schemas (JSON Schema, draft 7). Loaded when the first settings of a user are seen. */
export class SchemaValidator {
  #ajv: Promise<AjvClass> | undefined;
  readonly #compiled = new WeakMap<JsonObject, ValidateFunction | undefined>();

  /** A sentence for people, or undefined if the settings are right. What an invalid schema says is not known: it passes. */
  async problemWith(settings: unknown, schema: JsonObject): Promise<string | undefined> {
    this.#ajv ??= loadAjv();
    const ajv = await this.#ajv;
    if (!this.#compiled.has(schema)) this.#compiled.set(schema, compile(ajv, schema));
    const validate = this.#compiled.get(schema);
    if (validate === undefined || validate(settings)) return undefined;
    return (validate.errors ?? []).map(sentence).join('; ');
  }
}

async function loadAjv(): Promise<AjvClass> {
  // By its default export, which alone a CommonJS module keeps in a bundle.
  const { Ajv } = (await import('ajv')).default;
  return new Ajv({
    // JupyterLab's schemas have keywords of their own (`jupyter.lab.menus`, …).
    strict: false,
    // Two versions of one extension may declare the same $id.
    addUsedSchema: false,
    validateFormats: false,
    // As Python's `re` and JupyterLab's own check read patterns.
    unicodeRegExp: false,
    logger: false,
  });
}

function compile(ajv: AjvClass, schema: JsonObject): ValidateFunction | undefined {
  try {
    return ajv.compile(schema);
  } catch {
    // The front end compiles the same schema and tells the user in the settings editor; there is nothing to check against.
    return undefined;
  }
}

function sentence({ instancePath, message, params }: ErrorObject): string {
  const extra = (params as { additionalProperty?: string }).additionalProperty;
  const where = instancePath === '' ? 'the settings' : instancePath.slice(1).replaceAll('/', '.');
  return `${where} ${message ?? 'is not valid'}${extra === undefined ? '' : ` ('${extra}')`}`;
}
