import { userInfo } from 'node:os';

/** The account that this process runs under: who all are that hold the server's own token. */
export function serverAccount(): string {
  try {
    return userInfo().username;
  } catch {
    // Containers run under numbers that no list of users has.
    return `uid-${process.getuid?.() ?? 0}`;
  }
}
