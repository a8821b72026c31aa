import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { ServerError } from '../errors.ts';

/** A body that may be missing, which then is `{}`. Null stands for what is not said. Throws BAD_REQUEST for what does not fit. */
export function readBody<T extends TSchema>(schema: T, body: unknown): Static<T> {
  const said = withoutNulls(body ?? {});
  if (Value.Check(schema, said)) return said;
  const [first] = Value.Errors(schema, said);
  const where = first?.instancePath.replaceAll('/', '.') ?? '';
  throw new ServerError('BAD_REQUEST', `body${where} ${first?.message ?? 'is not valid'}`);
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]])),
  );
}
