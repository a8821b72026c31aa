import { createRoot } from 'react-dom/client';
import { Overview } from './overview.tsx';
import { OverviewStore } from './overview-store.ts';
import { pagePort } from './page-port.ts';
import './overview.css';

// A token in the address would go into the history, and into what is copied from the address bar.
const address = new URL(location.href);
if (address.searchParams.has('token')) {
  address.searchParams.delete('token');
  history.replaceState({}, '', address);
}

// The server has written into the page where it is served, and whether there is a JupyterLab.
const { baseUrl = '/', lab } = document.documentElement.dataset;
const root = document.querySelector('#overview');
const open =
  lab === undefined
    ? undefined
    : (path: string): void => {
        location.assign(`${baseUrl}lab/tree/${path.split('/').map(encodeURIComponent).join('/')}`);
      };
if (root) createRoot(root).render(<Overview store={new OverviewStore(pagePort(baseUrl))} open={open} />);
