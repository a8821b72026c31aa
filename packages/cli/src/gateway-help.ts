import { flagOf } from './option.ts';
import { renderHelp } from './help.ts';
import { jegVariables } from './jeg-names.ts';
import { gatewaySections } from './sections.ts';

export function gatewayHelp(): string {
  const known = Object.entries(jegVariables).map(
    ([option, names]) => `  ${names.toReversed().join(', ')}: --${flagOf(option)}`,
  );
  const help = renderHelp({
    usage: 'perijove gateway [FOLDER] [FLAGS]',
    about:
      'Starts a gateway: kernels for notebook servers on other machines, and no files. A drop-in for Jupyter Enterprise Gateway. Kernels outlive it; the next start on the same folder takes them over.',
    sections: gatewaySections,
  });
  return `${help}\nVariables of Jupyter Enterprise Gateway that are understood:\n${known.join('\n')}\n`;
}
