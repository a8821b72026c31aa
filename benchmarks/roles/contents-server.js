// Our server with nothing but contents, as a process of its own. Prints its URL.
import { join } from 'node:path';
import pino from 'pino';
import { Authenticator } from '../../packages/server/dist/auth/authenticator.js';
import { authOptions } from '../../packages/server/dist/auth/options.js';
import { createFileContents } from '../../packages/server/dist/contents/create-file-contents.js';
import { contentsOptions } from '../../packages/server/dist/contents/options.js';
import { contentsRoutes } from '../../packages/server/dist/contents/routes.js';
import { createApp } from '../../packages/server/dist/http/app.js';
import { withDefaults } from '../../packages/server/dist/http/option-values.js';
import { httpOptions } from '../../packages/server/dist/http/options.js';

const [root, dataDir] = process.argv.slice(2);
const service = createFileContents({
  root,
  dataDir,
  dataHome: join(dataDir, 'share'),
  options: withDefaults(contentsOptions),
  events: { emit() {}, subscribe: () => () => {} },
});
const auth = withDefaults(authOptions, { token: 'bench' });
const app = await createApp({
  http: withDefaults(httpOptions),
  auth,
  authenticator: new Authenticator({
    token: 'bench',
    hashedPassword: '',
    cookieSecret: 'bench',
    cookieDays: auth.cookieDays,
    baseUrl: '/',
  }),
  logger: pino({ level: 'silent' }),
  routes: [contentsRoutes({ contents: service.contents })],
});
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`http://127.0.0.1:${app.server.address().port}/`);
process.on('SIGTERM', () => process.exit());
