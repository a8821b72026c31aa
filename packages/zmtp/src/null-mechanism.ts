import { decodeCommand, encodeCommand, refused } from './command.ts';
import type { Mechanism } from './mechanism.ts';
import { decodeProperties, encodeProperties } from './properties.ts';
import { ZmtpError } from './zmtp-error.ts';

/** No authentication: both sides send READY at once (libzmq's binding side does not wait either). */
export function nullMechanism(own: Iterable<readonly [name: string, value: Buffer]>): Mechanism {
  return {
    name: 'NULL',
    asServer: false,
    start: () => [encodeCommand('READY', encodeProperties(own))],
    receive(body) {
      const command = decodeCommand(body);
      switch (command.name) {
        case 'READY':
          return { send: [], peer: decodeProperties(command.data) };
        case 'ERROR':
          throw refused(command.data);
        default:
          // The name is the peer's, any bytes: not repeated into a log.
          throw new ZmtpError('ZMTP_PROTOCOL', 'a command other than READY or ERROR in the handshake');
      }
    },
  };
}
