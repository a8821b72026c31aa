/** One line of the code that a fake kernel executes. */
export type Command =
  /** Lines "0" to "N-1", one stream message each. */
  | { name: 'print'; count: number }
  /** One line on standard output. */
  | { name: 'stream'; text: string }
  /** A display_data with so many bytes of text. */
  | { name: 'display'; bytes: number }
  | { name: 'sleep'; ms: number }
  /** An input_request; what is answered comes as a line on standard output. */
  | { name: 'input'; prompt: string }
  | { name: 'exit'; code: number }
  | { name: 'crash'; signal: NodeJS.Signals }
  /** An execute_result. */
  | { name: 'echo'; text: string }
  | { name: 'raise'; text: string }
  /** Lines "0" to "N-1", encoded before the first is sent, then as quickly as the sockets take them. */
  | { name: 'fast'; count: number }
  /** A line on the process's own standard error, past the protocol. */
  | { name: 'log'; text: string };

/** Reads code, one command a line; empty lines and `# comments` mean nothing. Throws for what is no command. */
export function parseCommands(code: string): Command[] {
  return code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseCommand);
}

function parseCommand(line: string): Command {
  const [, name = '', rest = ''] = /^(\S+)(?:\s+(.*))?$/.exec(line) ?? [];
  const number = (): number => {
    const value = Number(rest);
    if (rest === '' || !Number.isInteger(value) || value < 0)
      throw new SyntaxError(`${name} needs a number: ${line}`);
    return value;
  };
  switch (name) {
    case 'print':
      return { name, count: number() };
    case 'fast':
      return { name, count: number() };
    case 'display':
      return { name, bytes: number() };
    case 'sleep':
      return { name, ms: number() };
    case 'exit':
      return { name, code: number() };
    case 'crash':
      if (!rest.startsWith('SIG')) throw new SyntaxError(`crash needs a signal, such as SIGKILL: ${line}`);
      return { name, signal: rest as NodeJS.Signals };
    case 'stream':
    case 'echo':
    case 'raise':
    case 'log':
      return { name, text: rest };
    case 'input':
      return { name, prompt: rest };
    default:
      throw new SyntaxError(`the fake kernel has no command ${name}`);
  }
}
