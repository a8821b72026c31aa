import { join } from 'node:path';
import { kernelProgram, openKernels, type Kernelspecs } from '@perijove/kernels';
import { localProvisioner, machineSettingsOf } from '@perijove/provisioners';
import {
  allEventSchemas,
  contentsRoutes,
  createFileContents,
  createNotebookServer,
  createUserFiles,
  eventRoutes,
  filesRoutes,
  JupyterEventBus,
  kernelspecsRoutes,
  kernelsRoutes,
  kernelWebSocket,
  labRoutes,
  nbconvertRoutes,
  parseRootTemplate,
  overviewPageRoutes,
  overviewRoutes,
  OverviewSource,
  placeOf,
  resolvePathRoutes,
  sessionsRoutes,
  terminalRoutes,
  Terminals,
  type Server,
} from '@perijove/server';
import type { Logger } from 'pino';
import type { Environment } from './environment.ts';
import type { KernelsElsewhere } from './kernels-of-gateway.ts';
import type { LabSettings } from './lab-settings.ts';
import { kernelsOfCluster } from './kernels-of-cluster.ts';
import { limitsInForce } from './limits-in-force.ts';
import { machinesOf } from './machines-of.ts';
import { openKernelAccounts, terminalAccounts } from './open-kernel-accounts.ts';
import { openAuditLog } from './open-audit-log.ts';
import { placeOfRecord } from './place-of-record.ts';
import type { Service } from './serve.ts';
import type { Lead } from './take-the-lead.ts';

export interface LabPieces {
  readonly settings: LabSettings;
  readonly environment: Environment;
  /** Of this machine. */
  readonly kernelspecs: Kernelspecs;
  /** Where new kernels run instead. */
  readonly elsewhere?: KernelsElsewhere | undefined;
  /** The built front end. */
  readonly appDir: string;
  readonly contentsWorker: URL;
  /** Of several servers, this is the one that has the kernels. */
  readonly lead?: Lead | undefined;
  readonly log: Logger;
  /** `POST /api/shutdown` was called. */
  readonly onShutdownRequest: () => void;
}

/** `perijove lab`: notebook server, local kernels and JupyterLab in one process. This is what it is made of. */
export async function composeLab(pieces: LabPieces): Promise<Service> {
  const { settings, environment, elsewhere, log } = pieces;
  const kernelspecs = elsewhere?.kernelspecs ?? pieces.kernelspecs;
  const { paths, home } = environment;
  const template = parseRootTemplate(settings.rootDir);
  const rootDir = template?.base ?? settings.rootDir;

  const accounts = openKernelAccounts(settings);
  const bus = new JupyterEventBus(log, allEventSchemas);
  const audit = openAuditLog(settings, bus, log);
  const files = createFileContents({
    root: rootDir,
    options: settings,
    dataDir: paths.dataDir,
    dataHome: process.env['XDG_DATA_HOME'] || join(home, '.local', 'share'),
    events: bus,
    workerUrl: pieces.contentsWorker,
  });
  const place = { rootDir, resolve: files.resolve };
  const filesOf =
    template && createUserFiles(template, files.forUser, accounts && ((username) => accounts.of(username)));
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
  const limits = elsewhere ? undefined : await limitsInForce(provisioner, settings);
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
    // Kernels of a former server that ran here are taken over all the same.
    provisioners: elsewhere
      ? [elsewhere.provisioner, provisioner]
      : [provisioner, ...(cluster ? [cluster] : [])],
    placeOf: async (path, name, username) => placeOf(path, name, (await filesOf?.(username)) ?? place),
    log,
    onEvent: ({ schemaId, data, owner }) => bus.emit(schemaId, data, owner),
    onUsageRound: () => overview?.tell(),
  });
  overview = new OverviewSource({
    registry: kernels.registry,
    sessions: kernels.sessions,
    kernelspecs,
    usageOf: (id) => kernels.usageOf(id),
    // What a gateway has is its own overview's to say.
    machines: async () => (elsewhere ? [] : machinesOf(provisioner, cluster)),
    kernelPlaceOf: ({ record }) => placeOfRecord(record),
    bus,
  });
  const terminals = new Terminals({
    options: settings,
    rootDir,
    filesOf,
    env: process.env,
    accounts: terminalAccounts(accounts),
    hasTerminal: process.stdout.isTTY,
    serverUrl: () => server.url,
    log,
  });
  const pythons = async (): Promise<readonly string[]> =>
    Promise.all(
      [...(await pieces.kernelspecs.list()).values()].map((spec) =>
        kernelProgram(spec, environment.pythons.executable),
      ),
    );
  const server: Server = await createNotebookServer({
    http: settings,
    auth: settings,
    dataDir: environment.dataDir,
    audit,
    paths,
    appDir: pieces.appDir,
    running: {
      kernels: () => kernels.registry.list().map(({ model }) => model),
      queue: () => kernels.registry.queueCounts,
      overview: () => overview.read(),
      terminals: () =>
        terminals.list().map(({ lastActivity }) => ({ last_activity: lastActivity.toISOString() })),
      ...(limits === undefined ? {} : { limits }),
    },
    shutdown: pieces.onShutdownRequest,
    logger: log,
    routes: [
      contentsRoutes({ contents: files.contents, filesOf }),
      filesRoutes({ files: files.files, filesOf }),
      kernelsRoutes({ registry: kernels.registry, allowedEnvs: settings.allowedEnvs, filesOf, ...place }),
      sessionsRoutes({ sessions: kernels.sessions, kernels: kernels.registry }),
      kernelWebSocket({
        kernels: kernels.registry,
        maxClientMessageBytes: settings.maxClientMessageBytes,
        auditCode: settings.auditCode,
      }),
      kernelspecsRoutes({ kernelspecs }),
      overviewRoutes(overview),
      overviewPageRoutes({ appDir: pieces.appDir, hasLab: true }),
      eventRoutes({ bus, eventBufferBytes: settings.eventBufferBytes }),
      terminalRoutes(terminals),
      nbconvertRoutes({
        options: settings,
        contents: files.contents,
        rootDir,
        filesOf,
        pythons,
        configDir: paths.configDir,
        env: process.env,
        log,
      }),
      resolvePathRoutes({ rootDir, filesOf, home, findKernel: (id) => kernels.registry.get(id)?.record }),
      labRoutes({
        baseUrl: settings.baseUrl,
        appDir: pieces.appDir,
        labDir: process.env['JUPYTERLAB_DIR'],
        paths,
        dataDir: environment.dataDir,
        rootDir,
        filesOf,
        preferredPath: settings.preferredPath,
        serverVersion: [2, 17, 0],
        terminalsAvailable: settings.terminalsEnabled,
        quitButton: settings.quitButton,
        allowHidden: settings.allowHidden,
        deleteToTrash: settings.deleteToTrash,
        exposeAppInBrowser: settings.exposeAppInBrowser,
        extraLabExtensionsPath: settings.extraLabextensionsPath,
        lockAllPlugins: settings.lockAllPlugins,
        customCss: settings.customCss,
        pythons,
        systemLocale: process.env['LC_ALL'] ?? process.env['LC_MESSAGES'] ?? process.env['LANG'],
        log,
      }),
    ],
  });

  const end = async (kernelsEnd: () => Promise<void>): Promise<void> => {
    await Promise.all([server.drain(), kernelsEnd()]);
    overview.dispose();
    await files.close();
    await audit.close();
  };
  return {
    limits,
    server,
    kernels: () => kernels.registry.list().filter(({ isAlive }) => isAlive).length,
    drain: () => end(() => kernels.drain()),
    reopenAuditLog: () => audit.reopen(),
    stopAll: () => end(() => kernels.stopAll()),
  };
}
