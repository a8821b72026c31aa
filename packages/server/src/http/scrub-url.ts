const secret = /([?&;](?:token|auth|key|code|state|xsrf|_xsrf)=)[^&;#\s]*/gi;

/** A URL as it may stand in a log: the values of query parameters that open doors are left out. */
export function scrubUrl(url: string): string {
  return url.replace(secret, '$1[secret]');
}
