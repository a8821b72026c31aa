/** All cookies of a request in the order sent. A name may come more than once: browsers send one per path. */
function parseCookies(header: string | undefined): readonly (readonly [name: string, value: string])[] {
  if (header === undefined) return [];
  const cookies: [string, string][] = [];
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals <= 0) continue;
    const value = part.slice(equals + 1).trim();
    cookies.push([
      part.slice(0, equals).trim(),
      value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value,
    ]);
  }
  return cookies;
}

/** The last cookie of that name: what JupyterLab takes from `document.cookie`, and Tornado from the header. */
export function lastCookie(header: string | undefined, name: string): string | undefined {
  return parseCookies(header).findLast(([cookie]) => cookie === name)?.[1];
}

export interface CookieAttributes {
  readonly path: string;
  readonly maxAgeS?: number;
  readonly httpOnly?: boolean;
  readonly secure?: boolean;
}

/** A Set-Cookie header. The value must be made of cookie octets; callers encode. */
export function setCookie(name: string, value: string, attributes: CookieAttributes): string {
  const parts = [`${name}=${value}`, `Path=${attributes.path}`, 'SameSite=Lax'];
  if (attributes.maxAgeS !== undefined) {
    parts.push(`Max-Age=${Math.floor(attributes.maxAgeS)}`);
    // Old clients know Expires only.
    parts.push(`Expires=${new Date(Date.now() + attributes.maxAgeS * 1000).toUTCString()}`);
  }
  if (attributes.httpOnly) parts.push('HttpOnly');
  if (attributes.secure) parts.push('Secure');
  return parts.join('; ');
}
