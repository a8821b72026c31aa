const size = 64 * 1024;
let shared: Buffer | undefined;

/**
 * Where sockets read to. What they read must be copied out of it before the callback of the read returns.
 *
 * One for all of them: on POSIX libuv reads and calls back in one go. On Windows a read may be under way for as long as
 * there is nothing to read. (A function that gives node:net another buffer for each read would spare the copy, but node
 * goes on with the old one when anything throws in the same tick: delivered messages would be overwritten.)
 */
export function readBuffer(): Buffer {
  if (process.platform === 'win32') return Buffer.allocUnsafeSlow(size);
  shared ??= Buffer.allocUnsafeSlow(size);
  return shared;
}
