import { join } from 'node:path';
import type { Log } from '../log.ts';
import { Journal } from './journal.ts';
import { KernelChannels } from './kernel-channels.ts';
import type { ChannelOptions } from './options.ts';

export interface OpenChannelsOptions {
  readonly kernelId: string;
  readonly settings: ChannelOptions;
  /** The folder that holds a folder for each kernel's journal. Absent: messages are kept in memory only. */
  readonly journalsFolder?: string;
  readonly log: Log;
  readonly now: () => number;
}

/** A kernel's channels with the journal that goes with them, which goes on where an earlier process left off. */
export function openChannels(options: OpenChannelsOptions): KernelChannels {
  const { kernelId, settings, journalsFolder, log, now } = options;
  const journal = new Journal({
    memoryBytes: settings.journalMemoryBytes,
    fileBytes: settings.journalFileBytes,
    rememberedSessions: settings.rememberedSessions,
    rememberSessionMs: settings.rememberSessionS * 1000,
    log,
    now,
    ...(journalsFolder === undefined ? {} : { folder: join(journalsFolder, kernelId) }),
  });
  return new KernelChannels({ kernelId, journal, log, limits: settings, now });
}
