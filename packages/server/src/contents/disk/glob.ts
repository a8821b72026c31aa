/** Compiles patterns of Python's fnmatch (`*`, `?`, `[seq]`, `[!seq]`) into one test of a name. */
export function compileGlobs(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.map((glob) => new RegExp(`^${translate(glob)}$`, 'su'));
  return (name) => patterns.some((pattern) => pattern.test(name));
}

function translate(glob: string): string {
  let pattern = '';
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i]!;
    if (c === '*') pattern += '.*';
    else if (c === '?') pattern += '.';
    else if (c === '[') {
      const end = glob.indexOf(']', i + 2);
      if (end < 0) pattern += '\\[';
      else {
        const set = glob.slice(i + 1, end).replace(/[\\\][]/g, String.raw`\$&`);
        pattern += set.startsWith('!') ? `[^${set.slice(1)}]` : `[${set}]`;
        i = end;
      }
    } else pattern += c.replace(/[.+^${}()|\\\]/]/g, String.raw`\$&`);
  }
  return pattern;
}
