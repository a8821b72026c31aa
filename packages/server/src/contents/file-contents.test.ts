import { afterAll, beforeAll } from 'vitest';
import { contentsContract } from './contents-contract.ts';
import { createTestContents } from './test-contents.ts';
import type { TestContents } from './test-contents.ts';

let test: TestContents;
beforeAll(async () => {
  test = await createTestContents();
});
afterAll(() => test[Symbol.asyncDispose]());

contentsContract('files', () => test.service.contents);
