import { STATUS_CODES } from 'node:http';
import { escapeHtml } from './escape-html.ts';
import { page } from './page.ts';
import type { Site } from './site.ts';

export function errorPage(error: { readonly status: number; readonly message: string }, site: Site): string {
  const name = STATUS_CODES[error.status] ?? 'Error';
  return page(
    `${error.status} ${name}`,
    `<h1>${error.status} ${escapeHtml(name)}</h1>
${error.message === name ? '' : `<p>${escapeHtml(error.message)}</p>`}
<p class="soft"><a href="${escapeHtml(site.defaultUrl)}">Go to the notebooks</a></p>`,
  );
}
