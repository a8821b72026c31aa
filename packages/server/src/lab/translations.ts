import type { FastifyRequest } from 'fastify';
import type { RoutePlugin } from '../http/route-plugin.ts';
import type { Access } from '../http/access.ts';
import { CachedJson } from './cached-json.ts';
import type { LanguagePacks } from './language-packs.ts';
import { defaultLocale, displayName, isLocale, pseudoLocale } from './locale.ts';

const access: Access = { kind: 'api', resource: 'api' };

/** The language of the user, and what there is to choose. */
export interface TranslationDeps {
  readonly packs: LanguagePacks;
  readonly systemLocale: string;
  readonly userLocale: (request: FastifyRequest) => Promise<string>;
}

export function translationRoutes(deps: TranslationDeps): RoutePlugin {
  const { packs, systemLocale } = deps;
  const cache = new Map<string, { stamp: string; json: CachedJson }>();
  return async (app) => {
    for (const url of ['/lab/api/translations', '/lab/api/translations/']) {
      app.get(url, { config: { access } }, async (request) => ({
        data: languageNames([...(await packs.list()).keys()], await deps.userLocale(request)),
        message: '',
      }));
    }

    app.get<{ Params: { locale: string } }>(
      '/lab/api/translations/:locale',
      { config: { access } },
      async (request, reply) => {
        const locale = request.params.locale === 'default' ? systemLocale : request.params.locale;
        const pack = await packs.load(locale);
        if (pack === undefined) return { data: {}, message: missing(locale) };
        const known = cache.get(locale);
        if (known?.stamp === pack.stamp) return known.json.send(reply);
        const json = new CachedJson(
          JSON.stringify({ data: pack.catalogues, message: pack.problems.join('\n') }),
        );
        cache.set(locale, { stamp: pack.stamp, json });
        return json.send(reply);
      },
    );
  };
}

function missing(locale: string): string {
  if (locale === defaultLocale) return '';
  const name = locale.slice(0, 100);
  return isLocale(locale) ? `Language pack '${name}' not installed!` : `Language pack '${name}' not valid!`;
}

function languageNames(installed: readonly string[], userLocale: string) {
  const shown = installed.includes(userLocale) ? userLocale : defaultLocale;
  const isPseudo = userLocale === pseudoLocale;
  const names: Record<string, { displayName: string; nativeName: string }> = {
    [defaultLocale]: {
      displayName: isPseudo ? 'Default' : displayName(defaultLocale, shown),
      nativeName: displayName(defaultLocale, defaultLocale),
    },
  };
  for (const locale of installed) {
    names[locale] =
      locale === pseudoLocale
        ? { displayName: 'Pseudo-language', nativeName: isPseudo ? 'Pseudo-language' : 'to translate the UI' }
        : { displayName: displayName(locale, shown), nativeName: displayName(locale, locale) };
  }
  return names;
}
