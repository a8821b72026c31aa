export const more = 1;
export const long = 2;
export const command = 4;
/** Bits that RFC 37 reserves; a peer that sets one is not speaking ZMTP, or we have lost its framing. */
export const reserved = 0xf8;
