// A kernel is the child of a small shell that waits for it and writes down how it ended, so that a server which was started
// again, and is nobody's parent, can still say why. It costs about a millisecond and some hundred kilobytes.
import { constants } from 'node:os';

// The kernel runs in the foreground: POSIX makes a shell ignore SIGINT in what it runs in the background. Signals go to the
// whole process group; a trap (unlike "ignore") does not hold in a subshell, so they reach the kernel and leave the shell
// alone. The shell's own standard error is the exit file, where it says "Killed" and the like; bash as `sh` would not.
const script = [
  'trap : HUP INT QUIT TERM',
  '[ -z "$BASH_VERSION" ] || set +o posix',
  'shift',
  // Within its limits before it is the kernel: `0` is whoever writes it. If the machine is out of memory in spite of all, the
  // system is to take a kernel, not the server.
  '(while [ "$1" != -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; { echo 500 >/proc/self/oom_score_adj; } 2>/dev/null; exec "$@" 2>&3 3>&-)',
  `printf '\\nstatus %d\\n' "$?" >&2`,
].join('; ');

/** Words that the shell's own messages begin with. */
const shellName = 'perijove';

/**
 * `entrances` are files that the kernel's process writes its number into first; if it cannot, it does not start.
 * To be started with the exit file as standard error, and what the kernel's is to be as descriptor 3. The file's name is in the
 * command line too: by that the shell is found if nobody wrote down its number.
 */
export function superviseCommand(
  argv: readonly string[],
  exitFile: string,
  entrances: readonly string[] = [],
): [string, ...string[]] {
  return ['/bin/sh', '-c', script, shellName, exitFile, ...entrances, '--', ...argv];
}

/** A line for the exit file, before a kernel is killed for want of memory: nobody else could tell it from another kill. */
export function outOfMemoryMark(reason: string): string {
  return `${shellName} ended it: ${reason}\n`;
}

/** What `outOfMemoryMark` left in an exit file. */
export function readOutOfMemoryMark(text: string): string | undefined {
  return new RegExp(`^${shellName} ended it: (.*)$`, 'm').exec(text)?.[1];
}

/** How the kernel ended, as the shell wrote it down. */
export type RecordedEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals | undefined; readonly number: number }
  | { readonly kind: 'notExecuted'; readonly reason: string };

/** Reads an exit file, and the last line that came on the kernel's standard error. Undefined: the shell did not live to write it. */
export function readRecordedEnd(text: string, lastLine = ''): RecordedEnd | undefined {
  const match = /^([^]*?)\n?status (\d+)\n$/.exec(text);
  if (!match) return undefined;
  const said = (match[1] ?? '').trim();
  const status = Number(match[2]);
  // The program was there when the launch looked, but its interpreter is not, or it is for another machine.
  if ((status === 126 || status === 127) && lastLine.startsWith(`${shellName}: `)) {
    return { kind: 'notExecuted', reason: lastLine.replace(/^\w+:( (line )?\d+:)?( exec:)? */, '') };
  }
  if (status === 126 && said.startsWith(`${shellName}: `)) {
    return { kind: 'notExecuted', reason: `it cannot be put within its limits: ${said}` };
  }
  // A shell says 128 + n for signal n, which a program may also exit with; but it speaks of a signal, save of these two.
  const number = status - 128;
  const isSignal = number > 0 && number < 65;
  const isSilent = number === constants.signals.SIGINT || number === constants.signals.SIGPIPE;
  if (isSignal && (said !== '' || isSilent))
    return { kind: 'signalled', signal: signalNamed(number), number };
  return { kind: 'exited', code: status };
}

function signalNamed(number: number): NodeJS.Signals | undefined {
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  return names.find((name) => constants.signals[name] === number);
}
