import { renderHelp } from './help.ts';
import { labSections } from './sections.ts';

export function labHelp(): string {
  return renderHelp({
    usage: 'perijove lab [FOLDER] [FLAGS]',
    about:
      'Starts JupyterLab: a notebook server and kernels on this machine. Prints the URL to open. Kernels outlive the server; the next start on the same folder takes them over.',
    sections: labSections,
  });
}
