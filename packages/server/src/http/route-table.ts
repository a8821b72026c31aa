import type { RouteOptions } from 'fastify';
import { compilePath, type PathParams } from './match-path.ts';

export interface TableRow {
  readonly url: string;
  readonly methods: readonly string[];
  readonly options: RouteOptions;
}

declare module 'fastify' {
  interface FastifyInstance {
    routeTable: RouteTable;
  }
}

/** All routes as they were declared: for the methods that a path has, and for the OpenAPI document. */
export class RouteTable {
  readonly rows: TableRow[] = [];
  readonly #matchers: ((path: string) => PathParams | undefined)[] = [];

  add(options: RouteOptions): void {
    this.rows.push({ url: options.url, methods: [options.method].flat(), options });
    this.#matchers.push(compilePath(options.url));
  }

  /** Methods that some route takes at this path. */
  methodsAt(path: string): string[] {
    const rows = this.rows.filter((_, i) => {
      try {
        return this.#matchers[i]?.(path) !== undefined;
      } catch {
        return false; // percent-encoding that is none is nobody's path
      }
    });
    return [...new Set(rows.flatMap((row) => row.methods))];
  }
}
