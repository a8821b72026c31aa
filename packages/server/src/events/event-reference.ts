import type { EventSchema } from './event-schema.ts';

interface Field {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly anyOf?: readonly Field[];
  readonly items?: Field;
  readonly description?: string;
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
}

/** docs/reference/events.md: made of the schemas, so that it cannot say anything else. */
export function eventReference(schemas: readonly EventSchema[]): string {
  const sections = schemas.map(({ id, version, title, description, schema }) => {
    const { properties = {}, required = [] } = schema as ObjectSchema;
    const always = new Set(required);
    return [
      `## ${title}`,
      '',
      `\`${id}\`, version ${version}`,
      '',
      description,
      '',
      '| field | type | | |',
      '|---|---|---|---|',
      ...Object.entries(properties).map(
        ([name, field]) =>
          `| \`${name}\` | ${cell(typeOf(field))} | ${always.has(name) ? 'always' : ''} | ${cell(field.description ?? '')} |`,
      ),
      '',
    ].join('\n');
  });
  return `${introduction}\n${sections.join('\n')}`;
}

const introduction = `# Events

A client that opens the WebSocket \`/api/events/subscribe\` gets every event as a JSON text frame: \`schema_id\`, then the
fields of that schema. \`POST /api/events\` with \`{"schema_id", "version", "data"}\` emits one (204; 400 if the schema is not
registered or the data is not of its form). A subscriber that reads too slowly is closed with 1013 rather than told
half; \`event-buffer-bytes\` is how much may wait for it.
`;

function typeOf({ type, enum: values, const: value, anyOf, items }: Field): string {
  if (values !== undefined) return values.map((each) => `\`${each}\``).join(', ');
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (type === 'array') return `list of ${items === undefined ? 'anything' : typeOf(items)}`;
  return type ?? 'any';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
