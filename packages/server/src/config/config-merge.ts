import { isJsonObject, type JsonObject } from '../json-object.ts';

/**
 * Lays one configuration over another, as jupyter_server's `recursive_update`: objects are merged, `null` takes a key away,
 * objects that become empty go. Neither argument is changed.
 */
export function layer(below: JsonObject, above: JsonObject): JsonObject {
  const merged = new Map(Object.entries(below));
  for (const [key, value] of Object.entries(above)) {
    if (isJsonObject(value)) {
      const known = merged.get(key);
      const inner = layer(isJsonObject(known) ? known : {}, value);
      if (Object.keys(inner).length === 0) merged.delete(key);
      else merged.set(key, inner);
    } else if (value === null) {
      merged.delete(key);
    } else {
      merged.set(key, value);
    }
  }
  // fromEntries defines its keys: a `__proto__` from a client stays an ordinary one.
  return Object.fromEntries(merged);
}

/** What of a configuration says something else than the defaults do. */
export function withoutDefaults(config: JsonObject, defaults: JsonObject): JsonObject {
  const entries: [string, unknown][] = [];
  for (const [key, value] of Object.entries(config)) {
    const known = Object.hasOwn(defaults, key) ? defaults[key] : undefined;
    if (isJsonObject(value) && isJsonObject(known)) {
      const rest = withoutDefaults(value, known);
      if (Object.keys(rest).length > 0) entries.push([key, rest]);
    } else if (known === undefined || JSON.stringify(value) !== JSON.stringify(known)) {
      entries.push([key, value]);
    }
  }
  return Object.fromEntries(entries);
}
