import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type { ServerEvent } from '../events/event-bus.ts';
import { createTestApp, withToken } from '../http/test-app.ts';
import type { TestAppOptions } from '../http/test-app.ts';
import { filesRoutes } from '../files/files-routes.ts';
import { createFileContents } from './create-file-contents.ts';
import type { FileContentsService } from './create-file-contents.ts';
import type { ContentsOptions } from './create-file-contents.ts';
import { contentsOptions } from './options.ts';
import { contentsRoutes } from './routes.ts';
import { withDefaults } from '../http/option-values.ts';

/** Contents over a folder of their own in the real app; `await using` ends all and removes the folders. */
export interface TestContents extends AsyncDisposable {
  readonly root: string;
  readonly base: string;
  readonly dataDir: string;
  readonly app: FastifyInstance;
  readonly service: FileContentsService;
  readonly events: ServerEvent[];
  request(
    method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD',
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<LightMyRequestResponse>;
}

export async function createTestContents(
  options: Partial<ContentsOptions> = {},
  app: TestAppOptions = {},
): Promise<TestContents> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'perijove-contents-')));
  const { mkdirSync } = await import('node:fs');
  const [root, dataDir] = [join(base, 'root'), join(base, 'data')];
  for (const folder of [root, dataDir]) mkdirSync(folder);
  const events: ServerEvent[] = [];
  const service = createFileContents({
    root,
    options: withDefaults(contentsOptions, options),
    dataDir,
    dataHome: join(base, 'share'),
    events: {
      emit: (schemaId, data) => void events.push({ schemaId, data }),
      subscribe: () => () => undefined,
    },
  });
  const instance = await createTestApp(
    [contentsRoutes({ contents: service.contents }), filesRoutes({ files: service.files })],
    app,
  );
  return {
    root,
    base,
    dataDir,
    app: instance,
    service,
    events,
    request: (method, url, body, headers) =>
      instance.inject({
        method,
        url,
        headers: { ...withToken, ...headers },
        ...(body === undefined ? {} : { payload: body as NonNullable<InjectOptions['payload']> }),
      }),
    async [Symbol.asyncDispose]() {
      await instance.close();
      await service.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}
