// Writes what is generated from the sources into docs/reference: settings, events, errors, REST. Run after a build; a test holds
// each to its source.
import { writeFile } from 'node:fs/promises';
import { labSections } from '../packages/cli/dist/sections.js';
import { renderConfigReference } from '../packages/cli/dist/help.js';

await writeFile(new URL('../docs/reference/config.md', import.meta.url), renderConfigReference(labSections));
