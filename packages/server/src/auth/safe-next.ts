/**
 * Where to go after the login: a path under the base URL, or `fallback`. What browsers and URL parsers read differently
 * (backslashes, control characters, `//host`) is nothing to guess about.
 */
export function safeNext(next: string | null | undefined, baseUrl: string, fallback: string): string {
  if (next === null || next === undefined || next === '') return fallback;
  // eslint-disable-next-line no-control-regex -- browsers drop tabs and line ends inside URLs
  if (/[\\\u0000-\u0020\u007f]/.test(next) || !next.startsWith('/') || next.startsWith('//')) return fallback;
  const url = URL.canParse(next, 'http://here.invalid') ? new URL(next, 'http://here.invalid') : undefined;
  if (url?.host !== 'here.invalid' || !`${url.pathname}/`.startsWith(baseUrl)) return fallback;
  // As resolved: `/base/../elsewhere` is elsewhere, and `/.//host` is none of ours.
  return url.pathname.startsWith('//') ? fallback : url.pathname + url.search + url.hash;
}
