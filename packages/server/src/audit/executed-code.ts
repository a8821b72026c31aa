import { decodeClientFrame, fromRaw, type Framing } from '@perijove/protocol';

/** The code in a client's message that asks to run it; undefined for all other messages. */
export function executedCode(framing: Framing, bytes: Buffer, isBinary: boolean): string | undefined {
  try {
    const { header, content } = fromRaw(decodeClientFrame(framing, bytes, isBinary));
    const { code } = content as { code?: unknown };
    return header.msg_type === 'execute_request' && typeof code === 'string' ? code : undefined;
  } catch {
    return undefined; // what is malformed closes its connection, and runs nothing
  }
}
