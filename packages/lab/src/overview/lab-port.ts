import { URLExt } from '@jupyterlab/coreutils';
import { KernelAPI, ServerConnection, type Event } from '@jupyterlab/services';
import type { OverviewPort } from '@perijove/overview';
import type { ISignal } from '@lumino/signaling';
import type { ServerWatch } from '../connection/server-watch.ts';

export interface LabPortOptions {
  readonly settings: ServerConnection.ISettings;
  /** JupyterLab's one subscription to the server's events. */
  readonly events: Event.IManager & { readonly opened?: ISignal<unknown, void> };
  readonly watch: ServerWatch;
}

/** The server as JupyterLab reaches it. */
export function labPort({ settings, events, watch }: LabPortOptions): OverviewPort {
  return {
    read: async () => {
      const url = URLExt.join(settings.baseUrl, 'perijove/api/overview');
      const response = await ServerConnection.makeRequest(url, { cache: 'no-store' }, settings);
      if (!response.ok) throw await ServerConnection.ResponseError.create(response);
      return response.json();
    },
    stop: (id) => KernelAPI.shutdownKernel(id, settings),
    interrupt: (id) => KernelAPI.interruptKernel(id, settings),
    subscribe: ({ onOpen, onEvent, onLost }) => {
      const hear = (_sender: unknown, event: Event.Emission): void => onEvent(event);
      const look = (): void => {
        if (watch.state.status === 'lost') onLost();
      };
      events.stream.connect(hear);
      events.opened?.connect(onOpen);
      watch.changed.connect(look);
      return () => {
        events.stream.disconnect(hear);
        events.opened?.disconnect(onOpen);
        watch.changed.disconnect(look);
      };
    },
  };
}
