import type { Static, TObject, TSchema } from 'typebox';

/**
 * One setting, declared beside what uses it. The flag, the `PERIJOVE_*` variable, the key in a configuration file, the help
 * and docs/reference/config.md all follow from the name and this.
 */
export interface OptionDeclaration {
  /** Type.Boolean, Type.Integer, Type.Number, Type.String, an array of strings, or a union of string literals. */
  readonly schema: TSchema;
  readonly help: string;
}

export type OptionDeclarations = Readonly<Record<string, OptionDeclaration>>;

/** The values of declared options: what a component is given. Options without a default may be absent. */
export type OptionValues<T extends OptionDeclarations> = Readonly<
  Static<TObject<{ -readonly [K in keyof T]: T[K]['schema'] }>>
>;

/** The declared defaults, with some of them replaced. */
export function withDefaults<T extends OptionDeclarations>(
  declarations: T,
  given: Partial<OptionValues<T>> = {},
): OptionValues<T> {
  const values: Record<string, unknown> = {};
  for (const [name, { schema }] of Object.entries(declarations)) {
    if ('default' in schema) values[name] = structuredClone(schema.default);
  }
  return Object.assign(values, given) as OptionValues<T>;
}
