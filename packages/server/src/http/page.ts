import { escapeHtml } from './escape-html.ts';

/** A small page of the server's own, without scripts or other files; light or dark as the system is. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · Perijove</title>
<style>${style}</style>
</head>
<body>
<main>
${mark}
${body}
</main>
</body>
</html>
`;
}

/** The product's mark, as in `packages/lab/static-assets/perijove.svg`: Jupiter, an orbit, and the moon at its nearest. */
const mark = `<svg class="mark" viewBox="0 0 32 32" width="64" height="64" aria-hidden="true">
<ellipse cx="16" cy="16" rx="13.5" ry="11.3" transform="rotate(-35 16 16)" fill="none" stroke="#7187b8" stroke-width="2"/>
<g transform="rotate(-12 11.2 19.4)"><circle cx="11.2" cy="19.4" r="5.2" fill="#d97a2b"/>
<path d="M6.6 17.6h9.2M6.5 20.7h9.4" stroke="#f6d9b2" stroke-width="1.3"/></g>
<circle cx="4.95" cy="23.75" r="2.7" fill="#2d6cdf"/>
</svg>`;

const style = `
:root{--ink:#1f2430;--soft:#5b6474;--ground:#f4f5f8;--card:#fff;--line:#cfd5df;--accent:#2459c0;--on:#fff;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaf0;--soft:#a3abba;--ground:#14171e;--card:#1d212b;--line:#3a4150;--accent:#8fb4ff;--on:#0d1526;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{width:100%;max-width:26rem;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:2rem}
.mark{display:block;margin-bottom:.75rem}
h1{margin:0 0 .25rem;font-size:1.5rem}
p{margin:.5rem 0}.soft{color:var(--soft);font-size:.925rem}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
input{width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--soft);border-radius:8px}
button{margin-top:1.25rem;width:100%;padding:.65rem;font:inherit;font-weight:600;color:var(--on);background:var(--accent);border:0;border-radius:8px;cursor:pointer}
:is(input,button,a,summary):focus-visible{outline:3px solid var(--accent);outline-offset:2px}
a{color:var(--accent)}form code{white-space:nowrap}code{font-size:.9em;overflow-wrap:anywhere}
details{margin-top:1rem}summary{cursor:pointer}
.bad{color:var(--bad);font-weight:600}
`.replace(/\n/g, '');
