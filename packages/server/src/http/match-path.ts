export type PathParams = Readonly<Record<string, string>>;

/**
 * Compiles a route pattern (`/api/kernels/:id/channels`, `/files/*`) to a function that gives the decoded parameters of a
 * path it matches. `undefined`: no match; throws URIError for percent-encoding that is none.
 */
export function compilePath(pattern: string): (path: string) => PathParams | undefined {
  const names: string[] = [];
  const source = pattern
    .split('/')
    .map((segment) => {
      if (segment === '*') {
        names.push('*');
        return '(.*)';
      }
      if (segment.startsWith(':')) {
        names.push(segment.slice(1).replace(/\(.*\)$/, ''));
        return '([^/]+)';
      }
      return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('/');
  const expression = new RegExp(`^${source}$`);
  return (path) => {
    const match = expression.exec(path);
    if (match === null) return undefined;
    return Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(match[i + 1] ?? '')]));
  };
}
