/** An account of this machine that programs of one user run as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** Of the account, which need not be the user's. */
  readonly name: string;
  readonly home: string;
  readonly shell: string;
  /** It is in the machine's list of accounts, and has the groups that are said there; else none but its own. */
  readonly isListed: boolean;
  /** In it, and nowhere else, lie this account's connection files and sockets: `run` and `sockets`. */
  readonly folder: string;
}

/** Variables that say who somebody is and where their things are: those of whoever started the server. */
const personal =
  /^(HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|MAIL|XAUTHORITY|DISPLAY|WAYLAND_DISPLAY|TMPDIR|TMP|TEMP|XDG_.*|JUPYTER_(DATA|CONFIG|RUNTIME)_DIR|IPYTHONDIR|SSH_.*|SUDO_.*|DBUS_.*)$/;

/** An environment for programs of this account. Pure. */
export function accountEnvironment(
  { name, home, shell }: Account,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !personal.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), HOME: home, USER: name, LOGNAME: name, SHELL: shell };
}

/**
 * The command that becomes this account, for good, before it becomes `argv`: setpriv(1) of util-linux. An account that no list of
 * the machine knows cannot become any other one either (`no_new_privs`).
 */
export function asAccount({ uid, gid, isListed }: Account, argv: readonly string[]): readonly string[] {
  const groups = isListed ? ['--init-groups'] : ['--clear-groups', '--no-new-privs'];
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, ...groups, '--', ...argv];
}
