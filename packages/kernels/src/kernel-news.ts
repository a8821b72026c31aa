import type { Wait } from './admission.ts';
import type { Death } from './death.ts';
import type { KernelState } from './kernel-state.ts';
import type { KernelEventWithoutTime } from './lifecycle-events.ts';
import type { LaunchPhase } from './provisioner.ts';

/** What a kernel tells of its life; the registry makes events of it. */
export type KernelNews =
  | {
      readonly type: 'phase';
      readonly phase: LaunchPhase | KernelState['status'];
      readonly message: string;
      readonly detail?: string;
      /** Of one that waits for room. */
      readonly wait?: Wait;
    }
  | { readonly type: 'death'; readonly death: Death; readonly restarting: boolean };

const phaseMessages: Record<Exclude<KernelState['status'], 'queued'>, string> = {
  launching: 'Starting.',
  running: 'Running.',
  restarting: 'Restarting.',
  stopping: 'Shutting down.',
  lost: 'Its place cannot be asked right now.',
  dead: 'Dead.',
};

/** What is to be told of an event that made `now` of `before`. Why one waits in the queue is told by the queue. */
export function newsOf(
  before: KernelState,
  now: KernelState,
  event: KernelEventWithoutTime,
  at: number,
): readonly KernelNews[] {
  const news: KernelNews[] = [];
  if (event.type === 'exited' && now.status === 'restarting' && now.by === 'death') {
    const { exit } = event;
    news.push({
      type: 'death',
      restarting: true,
      death: {
        reason: exit.reason,
        message: exit.message,
        at,
        ...(exit.code === undefined ? {} : { code: exit.code }),
        ...(exit.signal === undefined ? {} : { signal: exit.signal }),
        ...(exit.lastLines === undefined ? {} : { lastLines: [...exit.lastLines] }),
      },
    });
  }
  if (now.status === 'dead') {
    if (before.status !== 'dead') news.push({ type: 'death', death: now.death, restarting: false });
  } else if (now.status === 'queued') {
    return news;
  } else if (now.status !== before.status) {
    const message = now.status === 'lost' ? now.message : phaseMessages[now.status];
    news.push({ type: 'phase', phase: now.status, message });
  } else if ('step' in now && now.step === 'connecting' && now !== before) {
    news.push({ type: 'phase', phase: 'connecting', message: 'Waiting for its first reply.' });
  }
  return news;
}
