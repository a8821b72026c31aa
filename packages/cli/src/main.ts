import { commands, findCommand } from './commands.ts';
import { UsageError } from './usage-error.ts';

/** Runs the command line. What the person can mend is one sentence and exit code 2; all else is a fault of ours, with its stack. */
async function main(args: readonly string[]): Promise<number> {
  const { command, rest } = findCommand(args);
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(await command.help());
    return 0;
  }
  return command.run(rest);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  } else {
    process.stderr.write(
      `Perijove failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
  }
}

export { commands };
