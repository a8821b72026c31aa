import type { TableRow } from '../http/route-table.ts';

type JsonSchema = Record<string, unknown>;

/** Of a FastifySchema, whose parts are of unknown type. */
interface RouteSchema {
  readonly summary?: string;
  readonly description?: string;
  readonly hide?: boolean;
  readonly params?: JsonSchema;
  readonly querystring?: JsonSchema;
  readonly body?: JsonSchema;
  readonly response?: Readonly<Record<string, JsonSchema & { description?: string }>>;
}

export interface OpenApiInfo {
  readonly version: string;
  readonly baseUrl: string;
}

/** The OpenAPI 3.1 document of routes, from the schemas that check their requests. Paths are without the base URL, and in order. */
export function openApiOf(rows: readonly TableRow[], info: OpenApiInfo): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  const described = rows.filter(isDocumented);
  for (const row of described.toSorted((a, b) => compare(a.url, b.url))) {
    const path = pathOf(row.url, info.baseUrl);
    for (const method of row.methods.filter((name) => name !== 'HEAD' && name !== 'OPTIONS')) {
      (paths[path] ??= {})[method.toLowerCase()] = operationOf(row);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Perijove notebook server',
      description:
        "Jupyter's REST API, and Perijove's own under /perijove/api. Errors are {message, reason}.",
      version: info.version,
      license: { name: 'BSD-3-Clause', identifier: 'BSD-3-Clause' },
    },
    servers: [{ url: info.baseUrl }],
    security: [{ token: [] }, { queryToken: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: '`token TOKEN` or `Bearer TOKEN`',
        },
        queryToken: { type: 'apiKey', in: 'query', name: 'token' },
      },
      schemas: {
        Error: {
          type: 'object',
          properties: { message: { type: 'string' }, reason: { type: ['string', 'null'] } },
          required: ['message', 'reason'],
        },
      },
    },
  };
}

/** Pages that say nothing of themselves are none of an API's; a path with a slash at its end is another one's twin. */
function isDocumented(row: TableRow): boolean {
  const { hide, summary } = schemaOf(row);
  const isPage = row.options.config?.access?.kind === 'page' && summary === undefined;
  return hide !== true && !isPage && !(row.url.length > 1 && row.url.endsWith('/'));
}

function operationOf(row: TableRow): JsonSchema {
  const schema = schemaOf(row);
  const access = row.options.config?.access;
  const parameters = [
    ...parametersOf('path', schema.params, namesIn(row.url)),
    ...parametersOf(
      'query',
      schema.querystring,
      Object.keys((schema.querystring?.['properties'] as object) ?? {}),
    ),
  ];
  return {
    ...(schema.summary === undefined ? {} : { summary: schema.summary }),
    ...(schema.description === undefined ? {} : { description: schema.description }),
    ...(access?.kind === 'public' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(schema.body === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: plain(schema.body) } } } }),
    responses: responsesOf(schema.response),
  };
}

function responsesOf(responses: RouteSchema['response']): JsonSchema {
  const described = Object.entries(responses ?? { 200: {} }).map(([status, schema]) => [
    status,
    {
      description: schema.description ?? (status.startsWith('2') ? 'Done' : 'Refused'),
      ...(schema['type'] === 'null' || Object.keys(schema).length === 0
        ? {}
        : { content: { 'application/json': { schema: plain(schema) } } }),
    },
  ]);
  const error = {
    description: 'Refused',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  };
  return { ...Object.fromEntries(described), default: error };
}

function parametersOf(
  place: 'path' | 'query',
  schema: JsonSchema | undefined,
  names: readonly string[],
): JsonSchema[] {
  const properties = (schema?.['properties'] ?? {}) as Record<string, JsonSchema>;
  const required = (schema?.['required'] ?? []) as string[];
  return names.map((name) => ({
    name: name === '*' ? 'path' : name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: plain(properties[name] ?? { type: 'string' }),
  }));
}

function namesIn(url: string): string[] {
  return [...url.matchAll(/:([A-Za-z_]+)|\*/g)].map((match) => match[1] ?? '*');
}

function pathOf(url: string, baseUrl: string): string {
  const relative = url.startsWith(baseUrl) ? url.slice(baseUrl.length - 1) : url;
  return relative.replace(/:([A-Za-z_]+)(?:\([^)]*\))?/g, '{$1}').replace(/\*/, '{path}');
}

/** As JSON: TypeBox marks its schemas with what is no part of them. */
function plain(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema)) as JsonSchema;
}

function schemaOf(row: TableRow): RouteSchema {
  return (row.options.schema ?? {}) as RouteSchema;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
