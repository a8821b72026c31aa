import { equalsAscii, scanObject, stringAt } from './json-object.ts';

/** What routing needs of a header. Empty: absent, or not a string. */
export interface HeaderPeek {
  msgId: string;
  msgType: string;
  session: string;
}

/** A client's header above this is refused, a kernel's is not read. */
export const maxHeaderBytes = 64 * 1024;

/** Reads three fields of a header or parent header without parsing it. Undefined: not a JSON object, or too large. */
export function peekHeader(bytes: Buffer): HeaderPeek | undefined {
  if (bytes.length > maxHeaderBytes) return undefined;
  const peek: HeaderPeek = { msgId: '', msgType: '', session: '' };
  const isObject = scanObject(bytes, (keyStart, keyEnd, valueStart, valueEnd) => {
    if (equalsAscii(bytes, keyStart, keyEnd, 'msg_type'))
      peek.msgType = stringAt(bytes, valueStart, valueEnd) ?? '';
    else if (equalsAscii(bytes, keyStart, keyEnd, 'msg_id'))
      peek.msgId = stringAt(bytes, valueStart, valueEnd) ?? '';
    else if (equalsAscii(bytes, keyStart, keyEnd, 'session'))
      peek.session = stringAt(bytes, valueStart, valueEnd) ?? '';
  });
  return isObject ? peek : undefined;
}

/** The string value of one member of a JSON object; '' if there is none. */
export function peekString(bytes: Buffer, key: string): string {
  let found = '';
  const isObject = scanObject(bytes, (keyStart, keyEnd, valueStart, valueEnd) => {
    if (equalsAscii(bytes, keyStart, keyEnd, key)) found = stringAt(bytes, valueStart, valueEnd) ?? '';
  });
  return isObject ? found : '';
}
