// Writes deploy/*.yaml, for who has no Helm: what the chart gives for a release "perijove" in the namespace "perijove", whose token is in a Secret that is there.
//   node tools/manifests.js [lab|gateway] [--print]
// Needs helm, as tools/cluster/helm builds it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

for (const mode of asked.length > 0 ? asked : ['lab', 'gateway']) {
  const values = [`mode=${mode}`, 'token.existingSecret=perijove-token'].flatMap((value) => ['--set', value]);
  const args = [
    'template',
    'perijove',
    'charts/perijove',
    '--namespace',
    'perijove',
    '--kube-version',
    '1.35.0',
  ];
  const rendered = execFileSync('helm', [...args, ...values], { cwd: root, encoding: 'utf8' });
  const text = `# Made from charts/perijove by tools/manifests.js.
#   kubectl create namespace perijove
#   kubectl --namespace perijove create secret generic perijove-token --from-literal=token="$(openssl rand -hex 24)"
#   kubectl --namespace perijove apply --filename deploy/${mode}.yaml
${rendered}`;
  if (process.argv.includes('--print')) process.stdout.write(text);
  else {
    mkdirSync(`${root}deploy`, { recursive: true });
    writeFileSync(`${root}deploy/${mode}.yaml`, text);
  }
}
