import { afterEach } from 'vitest';

/** Registers what a test opens, to be closed after it however it ends. */
export function useOpened(): <T extends { close(): unknown }>(socket: T) => T {
  const opened: { close(): unknown }[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((socket) => socket.close()));
  });
  return (socket) => {
    opened.push(socket);
    return socket;
  };
}
