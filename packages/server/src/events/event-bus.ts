/** An event on Jupyter's event bus: what `/api/events/subscribe` sends, `schema_id` first. */
export interface ServerEvent {
  readonly schemaId: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Whose thing it is about: only they and admins are told. Absent: everybody's. */
  readonly owner?: string;
}

export type EventListener = (event: ServerEvent) => void;

/** The one bus of a server. Emitting is synchronous and never throws: a listener that fails is the listener's owner's to log. */
export interface EventBus {
  emit(schemaId: string, data: Readonly<Record<string, unknown>>, owner?: string): void;
  /** Returns the function that ends the subscription. */
  subscribe(listener: EventListener): () => void;
}
