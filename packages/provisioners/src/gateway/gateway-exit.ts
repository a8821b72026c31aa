import type { Exit } from '@perijove/kernels';
import type { GatewayKernelEvent, GatewayKernelModel } from './gateway-models.ts';

const reasons: ReadonlySet<string> = new Set([
  'exited',
  'outOfMemory',
  'evicted',
  'nodeLost',
  'imageUnavailable',
  'destroyed',
  'unknown',
] satisfies Exit['reason'][]);

/** The end of a kernel that the gateway has told in an event. */
export function exitByEvent(event: GatewayKernelEvent): Exit {
  return {
    ...exitOf(reasonBy(event.reason), event.message),
    ...(event.code === undefined ? {} : { code: event.code }),
    ...(event.signal === undefined ? {} : { signal: event.signal as NodeJS.Signals }),
    ...(event.last_lines === undefined ? {} : { lastLines: event.last_lines }),
  };
}

/** The end of a kernel that the gateway lists as dead. The model has a sentence and no word for it. */
export function exitByModel({ reason, traceback }: GatewayKernelModel): Exit {
  const word = /\bout of memory\b/i.test(reason ?? '') ? 'outOfMemory' : 'exited';
  return {
    ...exitOf(word, reason),
    ...(traceback ? { lastLines: traceback.split('\n') } : {}),
  };
}

export function exitByAbsence(place: string): Exit {
  return exitOf(
    'destroyed',
    `${place} does not know it any more: it was shut down or culled there, or went with a former gateway`,
  );
}

function exitOf(reason: Exit['reason'], message = 'the gateway does not say why'): Exit {
  // The gateway's sentence is about the kernel; here one is put around it that says so again.
  return { reason, message: message.replace(/^The kernel ended: /, '').replace(/\.$/, ''), isFinal: true };
}

function reasonBy(word: string | undefined): Exit['reason'] {
  if (word !== undefined && reasons.has(word)) return word as Exit['reason'];
  return word === 'culled' || word === 'stopped' ? 'destroyed' : 'exited';
}
