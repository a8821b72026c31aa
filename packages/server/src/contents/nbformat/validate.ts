import type { JsonDocument, JsonNode, JsonObject } from './json-document.ts';
import { toPlain, RawJson } from './plain-json.ts';
import { versionOf } from './notebook-shape.ts';
import { pythonRepr } from './python-repr.ts';
import type { Check, Schema, Violation } from './schema-check.ts';
import { compileSchema } from './schema-check.ts';
import { schemasFromMinor } from './schemas.ts';

/** Newest version of format 4 that there is a schema for. */
const currentMinor = 5;
const maxInstanceText = 4000;

const compiled = new Map<number, Check>();

/** What JupyterLab shows of a v4 notebook that breaks the schema of its version; undefined if it keeps it. */
export function validationMessage(document: JsonDocument, notebook: JsonObject): string | undefined {
  const { minor } = versionOf(document, notebook);
  let check = compiled.get(minor);
  if (check === undefined) {
    check = compileSchema(schemaOf(minor));
    compiled.set(minor, check);
  }
  const violation = check(document, notebook);
  return violation === undefined ? undefined : describe(document, violation);
}

function schemaOf(minor: number): Schema {
  const [, text] = schemasFromMinor.findLast(([from]) => from <= Math.max(0, minor))!;
  const schema = JSON.parse(text) as Schema;
  return minor > currentMinor ? fromTheFuture(schema) : schema;
}

/** A later minor version may have fields, cells and outputs that we do not know. */
function fromTheFuture(schema: Schema): Schema {
  const relaxed = relax(schema) as { definitions: Record<string, { oneOf: Schema[] }> };
  relaxed.definitions.cell!.oneOf.push({ $ref: '#/definitions/unrecognized_cell' });
  relaxed.definitions.output!.oneOf.push({ $ref: '#/definitions/unrecognized_output' });
  return relaxed;
}

function relax(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relax);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === 'additionalProperties' ? true : relax(member),
    ]),
  );
}

function describe(document: JsonDocument, violation: Violation): string {
  const { message, keyword, ref, schemaPath, instancePath, instance } = violation;
  const text = [
    message,
    '',
    `Failed validating '${keyword}' in ${ref ?? 'notebook'}${asIndex(schemaPath)}:`,
    '',
    `On instance${asIndex(instancePath)}:`,
    pythonRepr(document, instance),
  ].join('\n');
  return `Notebook validation failed: ${text}:\n${instanceText(document, instance)}`;
}

function asIndex(path: readonly (string | number)[]): string {
  return path.map((segment) => (typeof segment === 'number' ? `[${segment}]` : `['${segment}']`)).join('');
}

function instanceText(document: JsonDocument, instance: JsonNode): string {
  const size = 'start' in instance ? instance.end - instance.start : 0;
  if (size > maxInstanceText) return `<${size} bytes>`;
  return JSON.stringify(
    toPlain(document, instance),
    (_, value: unknown) => (value instanceof RawJson ? Number(value.text) : value),
    1,
  );
}
