import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { openKernels, type Kernelspecs } from '@perijove/kernels';
import { localProvisioner, machineSettingsOf } from '@perijove/provisioners';
import {
  allEventSchemas,
  createGatewayServer,
  eventRoutes,
  JupyterEventBus,
  kernelspecsRoutes,
  kernelsRoutes,
  kernelWebSocket,
  mayUse,
  overviewPageRoutes,
  overviewRoutes,
  OverviewSource,
  ServerError,
  sessionsRoutes,
  staticRoutes,
} from '@perijove/server';
import type { Logger } from 'pino';
import type { Environment } from './environment.ts';
import type { GatewaySettings } from './gateway-settings.ts';
import { kernelsOfCluster } from './kernels-of-cluster.ts';
import { limitsInForce } from './limits-in-force.ts';
import { machinesOf } from './machines-of.ts';
import { openKernelAccounts } from './open-kernel-accounts.ts';
import { openAuditLog } from './open-audit-log.ts';
import { placeOfRecord } from './place-of-record.ts';
import type { Service } from './serve.ts';
import type { Lead } from './take-the-lead.ts';
import { version } from './version.ts';

export interface GatewayPieces {
  readonly settings: GatewaySettings;
  readonly environment: Environment;
  readonly kernelspecs: Kernelspecs;
  /** The built front end, for the overview's page. */
  readonly appDir: string;
  /** Of several servers, this is the one that has the kernels. */
  readonly lead?: Lead | undefined;
  readonly log: Logger;
}

/** `perijove gateway`: kernels of this machine for clients elsewhere. This is what it is made of. */
export async function composeGateway(pieces: GatewayPieces): Promise<Service> {
  const { settings, environment, kernelspecs, log } = pieces;
  const { paths, home } = environment;
  const { rootDir } = settings;

  const accounts = openKernelAccounts(settings);
  const bus = new JupyterEventBus(log, allEventSchemas);
  const audit = openAuditLog(settings, bus, log);
  const provisioner = localProvisioner({
    runtimeDir: paths.runtimeDir,
    stateDir: environment.stateDir,
    env: process.env,
    home,
    log,
    python: environment.pythons.executable,
    accounts,
    ...machineSettingsOf(settings),
  });
  const limits = await limitsInForce(provisioner, settings);
  const cluster = await kernelsOfCluster({
    settings,
    env: process.env,
    stateDir: environment.stateDir,
    rootDir,
    lead: pieces.lead,
    log,
  });
  let overview: OverviewSource | undefined;
  const kernels = await openKernels({
    options: settings,
    stateDir: environment.stateDir,
    rootDir,
    kernelspecs,
    provisioners: [provisioner, ...(cluster ? [cluster] : [])],
    // A gateway has no documents; their names are for people.
    placeOf: async (path, name) => ({ cwd: rootDir, sessionName: name || path }),
    systemEnv: ({ id, kernelspec, username }) => ({
      KERNEL_GATEWAY: '1',
      KERNEL_ID: id,
      KERNEL_USERNAME: username,
      KERNEL_LANGUAGE: kernelspec.spec.language.toLowerCase(),
    }),
    log,
    onEvent: ({ schemaId, data, owner }) => bus.emit(schemaId, data, owner),
    onUsageRound: () => overview?.tell(),
  });
  overview = new OverviewSource({
    registry: kernels.registry,
    sessions: kernels.sessions,
    kernelspecs,
    usageOf: (id) => kernels.usageOf(id),
    machines: () => machinesOf(provisioner, cluster),
    kernelPlaceOf: ({ record }) => placeOfRecord(record),
    bus,
  });
  const checkStart = async (username: string, name: string | undefined): Promise<void> => {
    const found = await kernelspecs.get(name ?? (await kernelspecs.defaultName()));
    if (found === undefined || mayUse(found, username, settings)) return;
    throw new ServerError('FORBIDDEN', `User ${username} may not start the kernelspec ${found.name}.`);
  };
  const server = await createGatewayServer({
    http: settings,
    auth: settings,
    dataDir: environment.dataDir,
    audit,
    paths,
    gatewayVersion: version,
    running: {
      kernels: () => kernels.registry.list().map(({ model }) => model),
      queue: () => kernels.registry.queueCounts,
      overview: () => overview.read(),
      terminals: () => [],
      limits,
    },
    logger: log,
    routes: [
      kernelsRoutes({
        registry: kernels.registry,
        allowedEnvs: settings.allowedEnvs,
        rootDir,
        resolve: () => rootDir,
        startWaitMs: settings.startWaitS * 1000,
        lists: settings.listKernels,
        checkStart,
        workingDirectory: (env) => workingDirectoryIn(rootDir, env['KERNEL_WORKING_DIR']),
      }),
      sessionsRoutes({
        sessions: kernels.sessions,
        kernels: kernels.registry,
        checkStart,
        lists: settings.listKernels,
      }),
      kernelWebSocket({
        kernels: kernels.registry,
        maxClientMessageBytes: settings.maxClientMessageBytes,
        auditCode: settings.auditCode,
      }),
      kernelspecsRoutes({
        kernelspecs,
        mayUse: (found, username) => mayUse(found, username, settings),
      }),
      overviewRoutes(overview),
      overviewPageRoutes({ appDir: pieces.appDir, hasLab: false }),
      staticRoutes({ appDir: pieces.appDir, configDir: paths.configDir }),
      eventRoutes({ bus, eventBufferBytes: settings.eventBufferBytes }),
    ],
  });
  const end = async (kernelsEnd: () => Promise<void>): Promise<void> => {
    overview.dispose();
    await Promise.all([server.drain(), kernelsEnd()]);
    await audit.close();
  };
  return {
    limits,
    server,
    kernels: () => kernels.registry.list().filter(({ isAlive }) => isAlive).length,
    reopenAuditLog: () => audit.reopen(),
    drain: () => end(() => kernels.drain()),
    stopAll: () => end(() => kernels.stopAll()),
  };
}

/** What a client asks for, where it is a folder in the root: a client chooses no other place on this machine. */
async function workingDirectoryIn(rootDir: string, asked: unknown): Promise<string> {
  if (typeof asked !== 'string' || asked === '' || asked.includes('\0')) return rootDir;
  try {
    const real = await realpath(asked);
    return `${real}${sep}`.startsWith(rootDir.endsWith(sep) ? rootDir : rootDir + sep) ? real : rootDir;
  } catch {
    return rootDir;
  }
}
