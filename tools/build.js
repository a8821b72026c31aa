// `npm run build`: the same as what a start does in a clone, and nothing more.
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.js';

await prepare(fileURLToPath(new URL('..', import.meta.url)));
