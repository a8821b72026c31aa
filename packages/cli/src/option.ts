import { parseQuantity } from '@perijove/protocol';
import type { OptionDeclaration, OptionDeclarations } from '@perijove/server';

/** A group of options under a heading of the help. */
export interface OptionSection {
  readonly title: string;
  readonly options: OptionDeclarations;
}

export type OptionKind = 'boolean' | 'integer' | 'number' | 'string' | 'list' | 'choice';

interface SchemaFacts {
  type?: string;
  const?: unknown;
  anyOf?: SchemaFacts[];
  enum?: unknown[];
  default?: unknown;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  pattern?: string;
  format?: string;
}

export function kindOf(option: OptionDeclaration): OptionKind {
  const schema = option.schema as SchemaFacts;
  if (schema.anyOf || schema.enum) return 'choice';
  switch (schema.type) {
    case 'boolean':
    case 'integer':
    case 'number':
    case 'string':
      return schema.type;
    case 'array':
      return 'list';
    default:
      throw new TypeError(`an option of type ${String(schema.type)} has no form on the command line`);
  }
}

export function choicesOf(option: OptionDeclaration): readonly string[] {
  const schema = option.schema as SchemaFacts;
  return (schema.enum ?? (schema.anyOf ?? []).map((member) => member.const)).map(String);
}

export function defaultOf(option: OptionDeclaration): unknown {
  return (option.schema as SchemaFacts).default;
}

/** `cullIdleTimeoutS` → `cull-idle-timeout-s`: the flag without its dashes. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]+/g, (capitals) => `-${capitals.toLowerCase()}`).replace(/^-/, '');
}

/** `cullIdleTimeoutS` → `PERIJOVE_CULL_IDLE_TIMEOUT_S`. */
export function variableOf(name: string): string {
  return `PERIJOVE_${flagOf(name).replaceAll('-', '_').toUpperCase()}`;
}

/**
 * Reads a value as it is written in a flag or a variable. Returns the value, or a sentence that says what would be right.
 */
export function readText(option: OptionDeclaration, text: string): { value: unknown } | { problem: string } {
  switch (kindOf(option)) {
    case 'boolean':
      if (/^(1|true|yes|on)$/i.test(text)) return { value: true };
      if (/^(0|false|no|off)$/i.test(text)) return { value: false };
      return { problem: 'is neither true nor false' };
    case 'integer':
    case 'number':
      return text.trim() === '' ? { problem: 'is not a number' } : check(option, Number(text));
    case 'list':
      return check(
        option,
        text
          .split(',')
          .map((part) => part.trim())
          .filter((part) => part !== ''),
      );
    default:
      return check(option, text);
  }
}

/** Checks a value that has its type already (from JSON or YAML). */
export function check(option: OptionDeclaration, value: unknown): { value: unknown } | { problem: string } {
  const schema = option.schema as SchemaFacts;
  switch (kindOf(option)) {
    case 'boolean':
      return typeof value === 'boolean' ? { value } : { problem: 'is neither true nor false' };
    case 'integer':
      if (!Number.isSafeInteger(value)) return { problem: 'is not a whole number' };
      return inRange(schema, value as number);
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) return { problem: 'is not a number' };
      return inRange(schema, value);
    case 'list':
      return Array.isArray(value) && value.every((part) => typeof part === 'string')
        ? { value }
        : { problem: 'is not a list of texts' };
    case 'choice':
      return choicesOf(option).includes(String(value))
        ? { value }
        : { problem: `is none of ${choicesOf(option).join(', ')}` };
    case 'string':
      if (schema.format === 'quantity' && typeof value === 'number') return check(option, String(value));
      if (typeof value !== 'string') return { problem: 'is not a text' };
      if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
        return { problem: `is not of the form ${schema.pattern}` };
      }
      return schema.format === 'quantity' && value !== schema.default ? checkQuantity(value) : { value };
  }
}

function checkQuantity(value: string): { value: string } | { problem: string } {
  try {
    parseQuantity(value);
    return { value };
  } catch (error) {
    return { problem: (error as Error).message.replace(/^".*" (?=is not)/, '') };
  }
}

function inRange(schema: SchemaFacts, value: number): { value: unknown } | { problem: string } {
  if (schema.minimum !== undefined && value < schema.minimum)
    return { problem: `is less than ${schema.minimum}` };
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum) {
    return { problem: `is not more than ${schema.exclusiveMinimum}` };
  }
  if (schema.maximum !== undefined && value > schema.maximum)
    return { problem: `is more than ${schema.maximum}` };
  return { value };
}
