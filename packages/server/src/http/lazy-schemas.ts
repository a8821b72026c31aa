import { createRequire } from 'node:module';
import type { Ajv, ErrorObject } from 'ajv';
import type { FastifyInstance, FastifySchemaCompiler, FastifyServerOptions } from 'fastify';

/**
 * Compiles the schema of a route when it is first asked for, and loads the compiler then: a server that compiled all at its
 * start would be late. Answers go through JSON.stringify, never cut to their schema, which describes them for people.
 */
export function useLazySchemas(app: FastifyInstance): void {
  app.setValidatorCompiler(lazyValidator);
  app.setSerializerCompiler(() => JSON.stringify);
}

/** Fastify's own compilers are loaded by it unless others are given when it is made: a tenth of the start. */
export const lazyCompilers = {
  compilersFactory: { buildValidator: () => lazyValidator, buildSerializer: () => () => JSON.stringify },
  // Fastify's types want its own compilers here; it calls whatever there is as it calls those of setValidatorCompiler.
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;

const lazyValidator: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
  let validate: ReturnType<Ajv['compile']> | undefined;
  return (data: unknown) => {
    validate ??= ajvFor(httpPart).compile(schema);
    if (validate(data)) return { value: data };
    return { error: new Error(describe(validate.errors?.[0], httpPart)) };
  };
};

let strict: Ajv | undefined;
let coercing: Ajv | undefined;

/** Numbers and booleans of a query are text; in a body, text is text. Unknown properties are let through: clients add some. */
function ajvFor(httpPart: string | undefined): Ajv {
  return httpPart === 'body'
    ? (strict ??= newAjv({ useDefaults: true }))
    : (coercing ??= newAjv({ useDefaults: true, coerceTypes: true }));
}

// Validators are called synchronously, so they cannot wait for an import().
const require = createRequire(import.meta.url);

function newAjv(options: object): Ajv {
  const { Ajv } = require('ajv') as { readonly Ajv: new (options: object) => Ajv };
  return new Ajv({ strict: false, ...options });
}

function describe(error: ErrorObject | undefined, httpPart: string | undefined): string {
  return `${httpPart ?? 'request'}${error?.instancePath.replaceAll('/', '.') ?? ''} ${error?.message ?? 'is not valid'}`;
}
