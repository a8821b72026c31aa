// Locales are written as gettext does, `pt_BR`; Intl wants `pt-BR`.

/** The language of whoever chose none; what it has no language pack for stays English. */
export const defaultLocale = 'en';

/** Stands for "the keys themselves", for translators who look at the page (Crowdin's in-context language). */
export const pseudoLocale = 'ach_UG';

/** `fr_FR.UTF-8` of the environment → `fr_FR`; `en` for what says nothing. */
export function localeOf(environment: string | undefined): string {
  const locale = (environment ?? '').split(/[.@]/)[0] ?? '';
  return isLocale(locale) && locale !== 'C' && locale !== 'POSIX' ? locale : defaultLocale;
}

/** Is it a language, with or without a territory? Also keeps paths out: it becomes part of a file's name. */
export function isLocale(locale: string): boolean {
  return /^[A-Za-z]{2,3}([_-][A-Za-z]{4})?([_-]([A-Za-z]{2}|\d{3}))?$/.test(locale);
}

/** The name of a language in a language, with a capital letter: menus begin with one. */
export function displayName(locale: string, inLocale: string): string {
  try {
    const names = new Intl.DisplayNames([tag(inLocale), defaultLocale], {
      type: 'language',
      languageDisplay: 'standard',
    });
    const name = names.of(tag(locale)) ?? locale;
    return name.charAt(0).toLocaleUpperCase(tag(inLocale)) + name.slice(1);
  } catch {
    // Intl throws for tags that are well-formed but have parts it refuses.
    return locale;
  }
}

function tag(locale: string): string {
  return locale.replaceAll('_', '-');
}
