// Writes what is generated from the sources into docs/reference: settings and events. Run after a build; tests hold them to their
// sources. openapi.json comes from a running server: `npx vitest run --project net packages/cli/src/rest-reference -u`.
import { writeFile } from 'node:fs/promises';
import { allSections } from '../packages/cli/dist/sections.js';
import { renderConfigReference } from '../packages/cli/dist/help.js';
import { allEventSchemas } from '../packages/server/dist/events/all-event-schemas.js';
import { eventReference } from '../packages/server/dist/events/event-reference.js';

await writeFile(new URL('../docs/reference/config.md', import.meta.url), renderConfigReference(allSections));
await writeFile(new URL('../docs/reference/events.md', import.meta.url), eventReference(allEventSchemas));
