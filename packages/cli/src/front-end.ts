import { existsSync } from 'node:fs';
import { UsageError } from './usage-error.ts';

/** The built front end: beside the bundle, in the clone and in the published package alike. */
export function findFrontEnd(): string {
  const appDir = new URL('../packages/lab/dist/', import.meta.url);
  if (!existsSync(new URL('manifest.json', appDir))) {
    throw new UsageError(
      'The front end is not built. In a clone, npm run build makes it; a package without it is broken: install it again.',
    );
  }
  return appDir.pathname.replace(/\/$/, '');
}
