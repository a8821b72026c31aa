// The template that the server fills in for every visit; what only changes with a build is filled in here.

export function withAssets(template, { scripts, styles }) {
  const lines = [
    // Not for the screen yet, so that the splash does not wait for it; bootstrap.js switches it on.
    ...styles.map(
      (name) =>
        `<link rel="stylesheet" media="print" fetchpriority="high" data-perijove href="{{staticUrl}}/${name}" />`,
    ),
    ...scripts.map((name) => `<script defer data-perijove src="{{staticUrl}}/${name}"></script>`),
  ];
  return template.replace('{{assets}}', lines.join('\n    '));
}

/** For a page that shows nothing before its files are there. */
export function withOwnAssets(template, { scripts, styles }) {
  const lines = [
    ...styles.map((name) => `<link rel="stylesheet" href="{{staticUrl}}/${name}" />`),
    ...scripts.map((name) => `<script defer src="{{staticUrl}}/${name}"></script>`),
  ];
  return template.replace('{{assets}}', lines.join('\n    '));
}
