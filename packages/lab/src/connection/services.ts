import {
  IConnectionStatus,
  IEventManager,
  IServerSettings,
  ServerConnection,
  type Event,
  type ServiceManagerPlugin,
} from '@jupyterlab/services';
import { askServer } from './ask-server.ts';
import { ServerEvents } from './server-events.ts';
import { IServerWatch, ServerWatch } from './server-watch.ts';

/** Knows whether the server answers. While it does not, JupyterLab's polls and autosaves rest. */
export const serverWatch: ServiceManagerPlugin<ServerWatch> = {
  id: '@perijove/lab:server-watch',
  description: 'Knows whether the server answers.',
  autoStart: true,
  provides: IServerWatch,
  optional: [IServerSettings, IConnectionStatus],
  activate: (_, given: ServerConnection.ISettings | null, jupyterlab: IConnectionStatus | null) => {
    const settings = given ?? ServerConnection.makeSettings();
    const watch = new ServerWatch({ ask: () => askServer(settings), now: Date.now });
    if (jupyterlab) {
      watch.changed.connect((_sender, { status }) => (jupyterlab.isConnected = status === 'reachable'));
    }
    return watch;
  },
};

export const events: ServiceManagerPlugin<Event.IManager> = {
  id: '@perijove/lab:events',
  description: "Provides the server's events.",
  autoStart: true,
  provides: IEventManager,
  requires: [IServerWatch],
  optional: [IServerSettings],
  activate: (_, watch: ServerWatch, settings: ServerConnection.ISettings | null) =>
    new ServerEvents(settings ?? ServerConnection.makeSettings(), watch),
};
