// The part of JSON Schema (draft 4) that nbformat's schemas use, checked on the tree over the bytes. The first violation
// is told in the words of Python's jsonschema, since users find these in JupyterLab and in search engines.
import type { JsonDocument, JsonNode } from './json-document.ts';
import { asciiOf, elementsOf, stringsOf, textOf } from './json-document.ts';
import { pythonRepr } from './python-repr.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly uniqueItems?: boolean;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

export interface Violation {
  readonly message: string;
  readonly keyword: string;
  readonly instance: JsonNode;
  /** The definition that the instance says it is of (`code_cell`). */
  ref: string | undefined;
  readonly instancePath: (string | number)[];
  readonly schemaPath: (string | number)[];
}

export type Check = (document: JsonDocument, node: JsonNode) => Violation | undefined;

/** Makes a function that finds the first violation of a schema; nothing for a valid instance. */
export function compileSchema(schema: Schema): Check {
  return new Compiler(schema).compile(schema);
}

class Compiler {
  private readonly root: Schema;
  private readonly byRef = new Map<string, Check>();

  constructor(root: Schema) {
    this.root = root;
  }

  compile(schema: Schema): Check {
    const { $ref } = schema;
    if ($ref !== undefined) return this.reference($ref);
    const checks: Check[] = [];
    // In the order in which the schema says them: that decides which violation is the first.
    for (const keyword of Object.keys(schema)) {
      const check = this.keyword(keyword, schema);
      if (check !== undefined) checks.push(check);
    }
    return (document, node) => {
      for (const check of checks) {
        const violation = check(document, node);
        if (violation !== undefined) return violation;
      }
      return undefined;
    };
  }

  private reference(ref: string): Check {
    const known = this.byRef.get(ref);
    if (known !== undefined) return known;
    let compiled: Check | undefined;
    const check: Check = (document, node) => {
      compiled ??= this.compile(this.resolve(ref));
      return compiled(document, node);
    };
    this.byRef.set(ref, check);
    return check;
  }

  private resolve(ref: string): Schema {
    let at: unknown = this.root;
    for (const part of ref.split('/').slice(1)) at = (at as Record<string, unknown>)[part];
    return at as Schema;
  }

  private keyword(keyword: string, schema: Schema): Check | undefined {
    switch (keyword) {
      case 'type':
        return checkType(schema.type!);
      case 'required':
        return checkRequired(schema.required!);
      case 'properties':
        return this.properties(schema.properties!);
      case 'patternProperties':
        return this.patternProperties(schema.patternProperties!);
      case 'additionalProperties':
        return this.additionalProperties(schema);
      case 'items':
        return this.items(schema.items!);
      case 'oneOf':
        return this.oneOf(schema.oneOf!);
      case 'not':
        return this.not(schema.not!);
      case 'enum':
        return checkEnum(schema.enum!);
      case 'minimum':
      case 'maximum':
        return checkBound(keyword, schema[keyword]!);
      case 'minLength':
      case 'maxLength':
        return checkLength(keyword, schema[keyword]!);
      case 'pattern':
        return checkPattern(schema.pattern!);
      case 'uniqueItems':
        return schema.uniqueItems ? checkUnique : undefined;
      default:
        return undefined;
    }
  }

  private properties(properties: Readonly<Record<string, Schema>>): Check {
    const checks = Object.entries(properties).map(([key, schema]) => [key, this.compile(schema)] as const);
    return (document, node) => {
      if (node.kind !== 'object') return undefined;
      for (const [key, check] of checks) {
        const at = node.keys.indexOf(key);
        if (at < 0) continue;
        const violation = check(document, node.values[at]!);
        if (violation !== undefined) return within(violation, key, 'properties', key);
      }
      return undefined;
    };
  }

  private patternProperties(properties: Readonly<Record<string, Schema>>): Check {
    const checks = Object.entries(properties).map(
      ([pattern, schema]) => [pattern, new RegExp(pattern, 'u'), this.compile(schema)] as const,
    );
    return (document, node) => {
      if (node.kind !== 'object') return undefined;
      for (const [pattern, regex, check] of checks) {
        for (let i = 0; i < node.keys.length; i++) {
          const key = node.keys[i]!;
          const violation = regex.test(key) ? check(document, node.values[i]!) : undefined;
          if (violation !== undefined) return within(violation, key, 'patternProperties', pattern);
        }
      }
      return undefined;
    };
  }

  private additionalProperties(schema: Schema): Check | undefined {
    const { additionalProperties } = schema;
    if (additionalProperties === true || additionalProperties === undefined) return undefined;
    const known = new Set(Object.keys(schema.properties ?? {}));
    const patterns = Object.keys(schema.patternProperties ?? {}).map((pattern) => new RegExp(pattern, 'u'));
    const isExtra = (key: string): boolean =>
      !known.has(key) && !patterns.some((pattern) => pattern.test(key));
    const check = additionalProperties === false ? undefined : this.compile(additionalProperties);
    return (document, node) => {
      if (node.kind !== 'object') return undefined;
      if (check === undefined) {
        if (!node.keys.some(isExtra)) return undefined;
        const extras = node.keys.filter(isExtra).toSorted();
        const verb = extras.length === 1 ? 'was' : 'were';
        const names = extras.map((key) => `'${key}'`).join(', ');
        return violated(
          node,
          'additionalProperties',
          `Additional properties are not allowed (${names} ${verb} unexpected)`,
        );
      }
      for (let i = 0; i < node.keys.length; i++) {
        const violation = isExtra(node.keys[i]!) ? check(document, node.values[i]!) : undefined;
        if (violation !== undefined) return within(violation, node.keys[i]!, 'additionalProperties');
      }
      return undefined;
    };
  }

  private items(schema: Schema): Check {
    const check = this.compile(schema);
    return (document, node) => {
      let index = 0;
      for (const item of elementsOf(document.bytes, node)) {
        const violation = check(document, item);
        if (violation !== undefined) return within(violation, index, 'items');
        index++;
      }
      return undefined;
    };
  }

  private oneOf(alternatives: readonly Schema[]): Check {
    if (alternatives.every(isStringOrStrings)) return checkMultiline;
    const checks = alternatives.map((schema) => this.compile(schema));
    const kinds = this.kinds(alternatives);
    return (document, node) => {
      // Alternatives that each ask for another word in one field: the one that the instance says it is decides.
      if (kinds !== undefined && node.kind === 'object') {
        const at = node.keys.indexOf(kinds.key);
        const index = kinds.indices.get(textOf(document, node.values[at]) ?? '');
        if (index !== undefined) {
          const violation = checks[index]!(document, node);
          if (violation !== undefined) violation.ref ??= definitionName(alternatives[index]!);
          return violation;
        }
      }
      const fitting = checks.filter((check) => check(document, node) === undefined).length;
      if (fitting === 1) return undefined;
      const what = fitting === 0 ? 'is not valid under any of' : 'is valid under more than one of';
      return violated(node, 'oneOf', `${pythonRepr(document, node)} ${what} the given schemas`);
    };
  }

  /** The field, and which word in it asks for which alternative; undefined if the alternatives are not of this kind. */
  private kinds(
    alternatives: readonly Schema[],
  ): { key: string; indices: ReadonlyMap<string, number> } | undefined {
    const schemas = alternatives.map((schema) =>
      schema.$ref === undefined ? schema : this.resolve(schema.$ref),
    );
    for (const key of ['cell_type', 'output_type']) {
      const words = schemas.map((schema) => schema.properties?.[key]?.enum ?? []);
      if (!words.some((word) => word.length === 1)) continue;
      const indices = new Map<string, number>();
      words.forEach((word, index) => word.length === 1 && indices.set(String(word[0]), index));
      return { key, indices };
    }
    return undefined;
  }

  private not(schema: Schema): Check {
    const check = this.compile(schema);
    return (document, node) =>
      check(document, node) === undefined
        ? violated(
            node,
            'not',
            `${pythonRepr(document, node)} should not be valid under ${JSON.stringify(schema)}`,
          )
        : undefined;
  }
}

function violated(instance: JsonNode, keyword: string, message: string): Violation {
  return { message, keyword, instance, ref: undefined, instancePath: [], schemaPath: [] };
}

/** Paths inside a definition that was chosen by its name begin there. */
function within(violation: Violation, segment: string | number, ...schemaPath: string[]): Violation {
  violation.instancePath.unshift(segment);
  if (violation.ref === undefined) violation.schemaPath.unshift(...schemaPath);
  return violation;
}

function isStringOrStrings(schema: Schema): boolean {
  return schema.type === 'string' || (schema.type === 'array' && schema.items?.type === 'string');
}

const checkMultiline: Check = (document, node) => {
  if (node.kind === 'string' || node.kind === 'strings') return undefined;
  if (node.kind === 'array' && node.items.length === 0) return undefined;
  return violated(node, 'oneOf', `${pythonRepr(document, node)} is not valid under any of the given schemas`);
};

function definitionName(schema: Schema): string | undefined {
  return schema.$ref?.split('/').at(-1);
}

function checkType(type: string | readonly string[]): Check {
  const types = typeof type === 'string' ? [type] : type;
  const names = types.map((name) => `'${name}'`).join(', ');
  return (document, node) =>
    types.some((name) => isOfType(document, node, name))
      ? undefined
      : violated(node, 'type', `${pythonRepr(document, node)} is not of type ${names}`);
}

function isOfType(document: JsonDocument, node: JsonNode, type: string): boolean {
  switch (node.kind) {
    case 'object':
    case 'null':
      return type === node.kind;
    case 'array':
    case 'strings':
    case 'numbers':
      return type === 'array';
    case 'string':
    case 'added':
      return type === 'string';
    case 'true':
    case 'false':
      return type === 'boolean';
    case 'number':
      return type === 'number' || (type === 'integer' && /^-?\d+$/.test(numberText(document, node)));
  }
}

function numberText(document: JsonDocument, node: { start: number; end: number }): string {
  return asciiOf(document.bytes, node);
}

function checkRequired(required: readonly string[]): Check {
  return (_document, node) => {
    if (node.kind !== 'object') return undefined;
    for (const key of required)
      if (!node.keys.includes(key)) return violated(node, 'required', `'${key}' is a required property`);
    return undefined;
  };
}

function checkEnum(values: readonly unknown[]): Check {
  return (document, node) => {
    const text = textOf(document, node);
    if (text !== undefined && values.includes(text)) return undefined;
    const names = values.map((value) => `'${String(value)}'`).join(', ');
    return violated(node, 'enum', `${pythonRepr(document, node)} is not one of [${names}]`);
  };
}

function checkBound(keyword: 'minimum' | 'maximum', bound: number): Check {
  return (document, node) => {
    if (node.kind !== 'number') return undefined;
    const value = Number(numberText(document, node));
    if (keyword === 'minimum' ? value >= bound : value <= bound) return undefined;
    const than = keyword === 'minimum' ? 'less' : 'greater';
    return violated(
      node,
      keyword,
      `${pythonRepr(document, node)} is ${than} than the ${keyword} of ${bound}`,
    );
  };
}

function checkLength(keyword: 'minLength' | 'maxLength', bound: number): Check {
  return (document, node) => {
    const text = textOf(document, node);
    if (text === undefined) return undefined;
    const { length } = Array.from(text); // code points
    if (keyword === 'minLength' ? length >= bound : length <= bound) return undefined;
    const what =
      keyword === 'maxLength' ? 'is too long' : length === 0 ? 'should be non-empty' : 'is too short';
    return violated(node, keyword, `${pythonRepr(document, node)} ${what}`);
  };
}

function checkPattern(pattern: string): Check {
  const regex = new RegExp(pattern.replace('0-9-_', '0-9_\\-'), 'u');
  return (document, node) => {
    const text = textOf(document, node);
    if (text === undefined || regex.test(text)) return undefined;
    return violated(node, 'pattern', `${pythonRepr(document, node)} does not match '${pattern}'`);
  };
}

const checkUnique: Check = (document, node) => {
  if (node.kind !== 'strings') return undefined;
  const texts = Array.from(stringsOf(document.bytes, node), (text) => textOf(document, text));
  if (new Set(texts).size === texts.length) return undefined;
  return violated(node, 'uniqueItems', `${pythonRepr(document, node)} has non-unique elements`);
};
