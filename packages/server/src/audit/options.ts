import { Type } from 'typebox';
import type { OptionValues } from '../http/option-values.ts';

export const auditOptions = {
  auditLog: {
    schema: Type.String({ default: '' }),
    help: "File to which one JSON line is appended for each login, start, stop, attachment and refusal; made with mode 0600, opened anew when it was moved away or at SIGHUP. '-': standard error. Empty: none.",
  },
  auditCode: {
    schema: Type.Boolean({ default: false }),
    help: 'Write the code that is run into the audit log, too. It may hold secrets.',
  },
  auditBufferBytes: {
    schema: Type.Integer({ default: 1024 * 1024, minimum: 4096 }),
    help: 'Bytes of audit lines that may wait for the disk. More are counted and left out: a full disk stops nobody from working.',
  },
  auditRefusalsPerSecond: {
    schema: Type.Integer({ default: 10, minimum: 1 }),
    help: 'Refusals of one address that are written in a second; more are counted.',
  },
} as const;

export type AuditOptions = OptionValues<typeof auditOptions>;
