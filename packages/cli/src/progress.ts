/** What the person who started it reads: steps while something takes time, then where to go. On standard error, but for the URL. */
export interface Progress {
  step(text: string): void;
}

export function terminalProgress(): Progress {
  return { step: (text) => process.stderr.write(`${text} …\n`) };
}
