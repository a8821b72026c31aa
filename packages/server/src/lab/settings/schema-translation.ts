import { isJsonObject, type JsonObject } from '../../json-object.ts';
import type { Catalogues, LanguagePacks } from '../language-packs.ts';
import { defaultLocale } from '../locale.ts';
import type { SchemaTranslation } from './settings-store.ts';

/** Where a schema has words for people, and the context in which they are translated: what JupyterLab extracts. */
const translatable: readonly [RegExp, string][] = [
  [/^\/properties\/.*\/title$/, 'settings'],
  [/^\/properties\/.*\/description$/, 'settings'],
  [/^\/definitions\/.*\/properties\/.*\/title$/, 'settings'],
  [/^\/definitions\/.*\/properties\/.*\/description$/, 'settings'],
  [/^\/title$/, 'schema'],
  [/^\/description$/, 'schema'],
  [/^\/jupyter\.lab\.setting-icon-label$/, 'settings'],
  [/^\/jupyter\.lab\.menus\/.*\/label$/, 'menu'],
  [/^\/jupyter\.lab\.toolbars\/.*\/label$/, 'toolbar'],
];

const domainKey = 'jupyter.lab.internationalization';

/** Puts schemas into the user's language, with the messages of its language pack. */
export function schemaTranslation(
  packs: LanguagePacks,
  userLocale: () => Promise<string>,
): SchemaTranslation {
  return {
    async prepare() {
      const locale = await userLocale();
      const pack = locale === defaultLocale ? undefined : await packs.load(locale);
      if (pack === undefined) return undefined;
      return {
        key: `${locale}:${pack.stamp}`,
        translate: (schema) => translateSchema(schema, messagesFor(schema, pack.catalogues)),
      };
    },
  };
}

function messagesFor(schema: JsonObject, catalogues: Catalogues): JsonObject {
  const own = schema[domainKey];
  const domain = isJsonObject(own) && typeof own['domain'] === 'string' ? own['domain'] : 'jupyterlab';
  return catalogues[domain.replaceAll('-', '_')] ?? {};
}

/** A copy of the schema with its words translated; words without a translation stay as they are. */
function translateSchema(schema: JsonObject, messages: JsonObject): JsonObject {
  const translate = (value: unknown, path: string): unknown => {
    if (typeof value === 'string') {
      const context = translatable.find(([pattern]) => pattern.test(path))?.[1];
      return context === undefined ? value : translated(value, context, messages);
    }
    if (Array.isArray(value)) {
      // Texts in a list are values, not words.
      return value.map((each, index) => (isJsonObject(each) ? translate(each, `${path}[${index}]`) : each));
    }
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, translate(each, `${path}/${key}`)]),
    );
  };
  return translate(schema, '') as JsonObject;
}

/** Catalogues are made of gettext's files: context and message are joined by U+0004. */
function translated(text: string, context: string, messages: JsonObject): string {
  const found = messages[`${context}\u0004${text}`];
  const first: unknown = Array.isArray(found) ? found[0] : undefined;
  return typeof first === 'string' && first !== '' ? first : text;
}
