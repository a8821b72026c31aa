import type { ISessionContext } from '@jupyterlab/apputils';
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection, type Event, type ServiceManager } from '@jupyterlab/services';
import { nextProgress, type StartProgress, type StartStep } from './start-progress.ts';

const phaseSchemaId = 'https://perijove.dev/events/kernel_phase/v1';
/** JupyterLab's words for a kernel that is on its way; `unknown` before the first word about it. */
const onItsWay = new Set(['unknown', 'starting', 'restarting', 'autorestarting']);

export interface WatchStartOptions {
  readonly context: ISessionContext;
  readonly services: ServiceManager.IManager;
  readonly onChange: (progress: StartProgress) => void;
}

/** Follows the start of whatever kernel a document has. Gives what ends that. */
export function watchStart({ context, services, onChange }: WatchStartOptions): () => void {
  let kernelId: string | undefined;
  let progress: StartProgress = [];

  const set = (next: StartProgress): void => {
    if (next === progress) return;
    progress = next;
    onChange(progress);
  };
  const hear = (_sender: unknown, event: Event.Emission): void => {
    if (event.schema_id !== phaseSchemaId || event['kernel_id'] !== kernelId) return;
    set(nextProgress(progress, stepOf(event as unknown as StartStep)));
  };
  const look = async (): Promise<void> => {
    const kernel = context.session?.kernel;
    if (kernel?.id !== kernelId) set([]);
    kernelId = kernel?.id;
    if (!kernel || !onItsWay.has(kernel.status)) {
      set([]);
      return;
    }
    // What was said before anybody listened.
    const row = await readRow(services.serverSettings, kernel.id);
    if (row && kernelId === kernel.id && progress.length === 0 && onItsWay.has(kernel.status)) {
      set(nextProgress(progress, stepOf({ phase: row.phase, message: row.sentence })));
    }
  };
  const onStatus = (): void => {
    const kernel = context.session?.kernel;
    if (!kernel || !onItsWay.has(kernel.status)) set([]);
    // One that is unknown now was known before: it is going, not coming.
    else if (progress.length === 0 && kernel.status !== 'unknown') void look();
  };
  const lookAgain = (): void => void look();
  services.events.stream.connect(hear);
  context.kernelChanged.connect(lookAgain);
  context.statusChanged.connect(onStatus);
  void look();
  return () => {
    services.events.stream.disconnect(hear);
    context.kernelChanged.disconnect(lookAgain);
    context.statusChanged.disconnect(onStatus);
  };
}

function stepOf({ phase, message, detail }: Omit<StartStep, 'at'>): StartStep {
  return { phase, message, ...(detail === undefined ? {} : { detail }), at: Date.now() };
}

interface Row {
  readonly phase: string;
  readonly sentence: string;
}

async function readRow(settings: ServerConnection.ISettings, id: string): Promise<Row | undefined> {
  try {
    const url = URLExt.join(settings.baseUrl, 'perijove/api/overview/kernels', encodeURIComponent(id));
    const response = await ServerConnection.makeRequest(url, { cache: 'no-store' }, settings);
    return response.ok ? ((await response.json()) as Row) : undefined;
  } catch {
    // Whoever needs the kernel says that the server is away.
    return undefined;
  }
}
