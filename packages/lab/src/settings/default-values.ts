// The settings of a plugin of which the user changed nothing: what its schema's defaults say.
//
// JupyterLab finds them by having Ajv compile every schema into code, twice, on each load of the page: a fifth of the
// time until the launcher shows. Reading the schema does the same. It follows Ajv's `useDefaults`:
// `default` counts under `properties`, `items` and what they nest, not inside `anyOf`, `oneOf` and `not`.

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Keywords that make what is valid, or what is filled in, depend on the data. */
const conditional = [
  'if',
  'dependencies',
  'dependentSchemas',
  '$dynamicRef',
  '$recursiveRef',
  'unevaluatedProperties',
];

class Unclear extends Error {}

/** The defaults, or undefined where only a validator can tell. */
export function defaultValues(schema: JsonObject): JsonObject | undefined {
  if (schema['required'] !== undefined || schema['minProperties'] !== undefined) return undefined;
  const values: JsonObject = {};
  try {
    fill(values, schema, schema);
    return values;
  } catch (error) {
    if (error instanceof Unclear) return undefined;
    throw error;
  }
}

function fill(value: Json, schema: Json | undefined, root: JsonObject): void {
  if (!isObject(schema)) return;
  if (conditional.some((keyword) => keyword in schema)) throw new Unclear();
  if (schema['$ref'] !== undefined) fill(value, resolve(schema['$ref'], root), root);
  if (Array.isArray(schema['allOf'])) for (const part of schema['allOf']) fill(value, part, root);
  if (Array.isArray(value)) fillItems(value, schema, root);
  else if (isObject(value)) fillProperties(value, schema, root);
}

function fillItems(value: Json[], schema: JsonObject, root: JsonObject): void {
  const { items } = schema;
  if (Array.isArray(items)) throw new Unclear();
  for (const item of value) fill(item, items, root);
}

function fillProperties(value: JsonObject, schema: JsonObject, root: JsonObject): void {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const patterns = isObject(schema['patternProperties']) ? schema['patternProperties'] : {};
  for (const [name, property] of Object.entries(properties)) {
    if (!(name in value) && isObject(property) && property['default'] !== undefined) {
      value[name] = structuredClone(property['default']);
    }
  }
  for (const [name, nested] of Object.entries(value)) {
    const matching = Object.keys(patterns).filter((pattern) => new RegExp(pattern, 'u').test(name));
    if (Object.hasOwn(properties, name)) fill(nested, properties[name], root);
    for (const pattern of matching) fill(nested, patterns[pattern], root);
    if (!Object.hasOwn(properties, name) && matching.length === 0)
      fill(nested, schema['additionalProperties'], root);
  }
}

/** A reference within the same schema. */
function resolve(reference: Json, root: JsonObject): Json | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#/')) throw new Unclear();
  let found: Json | undefined = root;
  for (const part of reference.slice(2).split('/')) {
    if (!isObject(found)) throw new Unclear();
    found = found[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return found;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
