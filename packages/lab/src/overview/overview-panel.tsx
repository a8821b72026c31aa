import type { Event, ServerConnection } from '@jupyterlab/services';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Overview, OverviewStore } from '@perijove/overview';
import '@perijove/overview/overview.css';
import type { ReactElement } from 'react';
import type { ServerWatch } from '../connection/server-watch.ts';
import { labPort } from './lab-port.ts';

export interface OverviewPanelOptions {
  readonly settings: ServerConnection.ISettings;
  readonly events: Event.IManager;
  readonly watch: ServerWatch;
  /** Opens a document. */
  readonly open: (path: string) => void;
}

/** The overview, in JupyterLab's colours. */
export class OverviewPanel extends ReactWidget {
  readonly #store: OverviewStore;
  readonly #open: (path: string) => void;

  constructor({ settings, events, watch, open }: OverviewPanelOptions) {
    super();
    this.#store = new OverviewStore(labPort({ settings, events, watch }));
    this.#open = open;
    this.addClass('pjo-root');
  }

  protected override render(): ReactElement {
    return <Overview store={this.#store} open={this.#open} />;
  }
}
