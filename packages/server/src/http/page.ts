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

/** Perijove: the point of an orbit that is nearest to Jupiter. */
const mark = `<svg class="mark" viewBox="0 0 64 64" width="64" height="64" aria-hidden="true">
<defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#f6b26b"/><stop offset=".5" stop-color="#e8853d"/><stop offset="1" stop-color="#b85a1e"/></linearGradient></defs>
<circle cx="26" cy="38" r="14" fill="url(#g)"/>
<path d="M13 34h26M12.3 39h27.400M14 44h24" stroke="#fff" stroke-opacity=".35" stroke-width="2" fill="none"/>
<ellipse cx="34" cy="30" rx="28" ry="13" transform="rotate(-45 34 30)" fill="none" stroke="currentColor" stroke-width="2.5"/>
<circle cx="14.5" cy="50" r="3.5" fill="currentColor"/>
</svg>`;

const style = `
:root{--ink:#1f2430;--soft:#5b6474;--ground:#f4f5f8;--card:#fff;--line:#cfd5df;--accent:#b4530f;--on:#fff;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaf0;--soft:#a3abba;--ground:#14171e;--card:#1d212b;--line:#3a4150;--accent:#f0a05a;--on:#1a1208;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{width:100%;max-width:26rem;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:2rem}
.mark{display:block;margin-bottom:.75rem}
h1{margin:0 0 .25rem;font-size:1.5rem}
p{margin:.5rem 0}.soft{color:var(--soft);font-size:.925rem}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
input{width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:8px}
button{margin-top:1.25rem;width:100%;padding:.65rem;font:inherit;font-weight:600;color:var(--on);background:var(--accent);border:0;border-radius:8px;cursor:pointer}
:is(input,button,a,summary):focus-visible{outline:3px solid var(--accent);outline-offset:2px}
a{color:var(--accent)}code{font-size:.9em;overflow-wrap:anywhere}
details{margin-top:1rem}summary{cursor:pointer}
.bad{color:var(--bad);font-weight:600}
`.replace(/\n/g, '');
