import type { Ajv, ValidateFunction } from 'ajv';
import type { FastifyBaseLogger } from 'fastify';
import { ServerError } from '../errors.ts';
import type { EventBus, EventListener, ServerEvent } from './event-bus.ts';
import type { EventSchema } from './event-schema.ts';

/** Jupyter's event bus: kinds of events are registered, whoever listens gets them all. */
export class JupyterEventBus implements EventBus {
  readonly #log: FastifyBaseLogger;
  readonly #schemas = new Map<string, EventSchema>();
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #listeners = new Set<EventListener>();
  #ajv: Promise<Ajv> | undefined;

  constructor(log: FastifyBaseLogger, schemas: readonly EventSchema[] = []) {
    this.#log = log;
    for (const schema of schemas) this.register(schema);
  }

  get schemas(): readonly EventSchema[] {
    return [...this.#schemas.values()];
  }

  /** Throws if another schema has this id: two owners would contradict each other. */
  register(schema: EventSchema): void {
    const known = this.#schemas.get(schema.id);
    if (known !== undefined && known !== schema)
      throw new TypeError(`the event ${schema.id} is registered already`);
    this.#schemas.set(schema.id, schema);
  }

  /** The server's own events are right by their types and are not checked; what nobody registered is not sent. */
  emit(schemaId: string, data: Readonly<Record<string, unknown>>, owner?: string): void {
    if (!this.#schemas.has(schemaId)) {
      this.#log.error({ schemaId }, 'An event that is not registered was dropped');
      return;
    }
    const event: ServerEvent = { schemaId, data, ...(owner === undefined ? {} : { owner }) };
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#log.error({ err: error, schemaId }, 'A listener of events failed');
      }
    }
  }

  /** An event of a client's. Throws BAD_REQUEST if nobody registered such events or its data is not of their form. */
  async publish(schemaId: string, version: string, data: unknown, owner?: string): Promise<void> {
    const schema = this.#schemas.get(schemaId);
    if (schema === undefined)
      throw new ServerError('BAD_REQUEST', `Unregistered event schema: '${schemaId}'`);
    if (schema.version !== version) {
      throw new ServerError(
        'BAD_REQUEST',
        `Unregistered version: '${version}'≠'${schema.version}' for '${schemaId}'`,
      );
    }
    this.#ajv ??= loadAjv();
    const ajv = await this.#ajv;
    let validate = this.#validators.get(schemaId);
    if (validate === undefined) {
      validate = ajv.compile(schema.schema);
      this.#validators.set(schemaId, validate);
    }
    if (!validate(data))
      throw new ServerError('BAD_REQUEST', ajv.errorsText(validate.errors, { dataVar: 'data' }));
    this.emit(schemaId, data as Record<string, unknown>, owner);
  }

  subscribe(listener: EventListener): () => void {
    // Each subscription is one of its own, though a listener may come twice.
    const own: EventListener = (event) => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
}

async function loadAjv(): Promise<Ajv> {
  // By its default export, which alone a CommonJS module keeps in a bundle.
  const { Ajv } = (await import('ajv')).default;
  return new Ajv({ strict: false, validateFormats: false, allErrors: false });
}
