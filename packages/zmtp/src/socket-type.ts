export type SocketType = 'DEALER' | 'ROUTER' | 'SUB' | 'PUB' | 'XPUB' | 'REQ' | 'REP';

// RFC 37, "The Socket-Type Property".
const legalPeers: Record<SocketType, readonly string[]> = {
  REQ: ['REP', 'ROUTER'],
  REP: ['REQ', 'DEALER'],
  DEALER: ['REP', 'DEALER', 'ROUTER'],
  ROUTER: ['REQ', 'DEALER', 'ROUTER'],
  PUB: ['SUB', 'XSUB'],
  XPUB: ['SUB', 'XSUB'],
  SUB: ['PUB', 'XPUB'],
};

export function mayTalk(own: SocketType, peer: string): boolean {
  return legalPeers[own].includes(peer);
}

// As libzmq does: it sends Identity (empty if none is set) for these and leaves it out for the others.
export function tellsIdentity(own: SocketType): boolean {
  return own === 'REQ' || own === 'DEALER' || own === 'ROUTER';
}
