export type { ConnectionEvent } from './connection-event.ts';
export { DealerSocket } from './dealer-socket.ts';
export type { Frames } from './frames.ts';
export { PubSocket } from './pub-socket.ts';
export { RouterSocket } from './router-socket.ts';
export type { SocketOptions } from './socket-options.ts';
export { SubSocket } from './sub-socket.ts';
export { ZmtpError, type ZmtpErrorCode } from './zmtp-error.ts';
