import { ZmtpError } from './zmtp-error.ts';

/** One multipart message. */
export type Frames = readonly Buffer[];

export function sizeOf(frames: Frames): number {
  let size = 0;
  for (const frame of frames) size += frame.length;
  return size;
}

export function assertSendable(frames: Frames): void {
  if (frames.length === 0) throw new ZmtpError('ZMTP_BAD_MESSAGE', 'a message has at least one frame');
}
