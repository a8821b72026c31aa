import type { TSchema } from 'typebox';

/** What an event of one kind looks like. `schema` is a JSON Schema (draft 7) of its data. */
export interface EventSchema {
  /** A URL that ends in the version: what clients know the event by. */
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly description: string;
  readonly schema: TSchema;
}
