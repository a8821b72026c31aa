import { about } from './branding/about.ts';
import { logo } from './branding/logo.ts';
import { splash } from './branding/splash.ts';
import { cellExecutor } from './cells/cell-executor.ts';
import { connection } from './connection/connection.ts';
import { events, serverWatch } from './connection/services.ts';
import { kernelStart } from './kernel-start/kernel-start.ts';
import { overview } from './overview/overview.ts';
import { settings } from './settings/settings.ts';

export default [
  settings,
  splash,
  logo,
  about,
  cellExecutor,
  serverWatch,
  events,
  connection,
  overview,
  kernelStart,
];
