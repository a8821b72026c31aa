import { createInterface } from 'node:readline';

/** What the person at the terminal wants after Ctrl-C. */
export type Answer = 'stopKernels' | 'keepKernels' | 'goOn';

/** Reads the answer to the question below; undefined for what is none. */
export function readAnswer(text: string): Answer | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'y' || word === 'yes') return 'stopKernels';
  if (word === 'k' || word === 'keep') return 'keepKernels';
  if (word === '' || word === 'n' || word === 'no') return 'goOn';
  return undefined;
}

export function question(kernels: number): string {
  if (kernels === 0) return 'Stop the server (y/[n])? ';
  const many = kernels === 1 ? '1 kernel is running' : `${kernels} kernels are running`;
  return `${many}. Stop the server: y = and its kernels too, k = keep them for the next start, [n] = go on? `;
}

/**
 * Asks on the terminal what to do. Resolves with `goOn` after `timeoutMs` without an answer, and with `stopKernels` at a second
 * Ctrl-C, as Jupyter does.
 */
export async function ask(kernels: number, timeoutMs: number): Promise<Answer> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<Answer>((resolve) => {
      const timer = setTimeout(() => {
        process.stderr.write('\nNo answer: going on.\n');
        resolve('goOn');
      }, timeoutMs);
      const settle = (answer: Answer): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      const prompt = (): void =>
        lines.question(question(kernels), (text) => {
          const answer = readAnswer(text);
          if (answer === 'goOn') process.stderr.write('Going on.\n');
          if (answer) settle(answer);
          else prompt();
        });
      lines.on('SIGINT', () => settle('stopKernels'));
      lines.on('close', () => settle('goOn'));
      process.stderr.write('\n');
      prompt();
    });
  } finally {
    lines.close();
  }
}
