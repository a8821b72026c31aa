// What every implementation of Contents must hold to; each runs it over its own storage.
import { describe, expect, test } from 'vitest';
import type { BodyBlocks, Contents, ContentsModel, RenderedModel } from './contents.ts';

const notebook = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };
const whole = { content: true, hash: true };

/** `contents()` answers an empty storage; the rules are in SPEC.md. */
export function contentsContract(name: string, contents: () => Contents): void {
  describe(`contract of Contents: ${name}`, () => {
    test('[C1] a file, a notebook and a folder are what was saved', async () => {
      const created = await contents().save(
        'a.txt',
        body({ type: 'file', format: 'text', content: 'é\n\u0000"' }),
      );
      expect(created.created).toBe(true);
      expect(modelOf(created)).toMatchObject({
        name: 'a.txt',
        path: 'a.txt',
        type: 'file',
        content: null,
        size: 5,
      });
      const again = await contents().save('a.txt', body({ type: 'file', format: 'base64', content: 'AP8=' }));
      expect(again.created).toBe(false);
      expect(modelOf(await contents().get('a.txt', whole))).toMatchObject({
        content: 'AP8=\n',
        format: 'base64',
        mimetype: 'text/plain',
        hash: '06eb7d6a69ee19e5fbdf749018d3d2abfa04bcbd1365db312eb86dc7169389b8',
        hash_algorithm: 'sha256',
      });
      await contents().save('n.ipynb', body({ type: 'notebook', format: 'json', content: notebook }));
      expect(modelOf(await contents().get('n.ipynb', whole))).toMatchObject({
        type: 'notebook',
        format: 'json',
        content: notebook,
      });
      await contents().save('d', body({ type: 'directory' }));
      await contents().save('d', body({ type: 'directory' }));
      expect(modelOf(await contents().get('d', { content: true, hash: false }))).toMatchObject({
        type: 'directory',
        format: 'json',
        content: [],
        size: null,
      });
    });

    test('[C2] a type or format that does not fit is told with its reason', async () => {
      await contents().save('d2', body({ type: 'directory' }));
      await contents().save('f2', body({ type: 'file', format: 'base64', content: '/w==' }));
      await expect(contents().get('d2', { ...whole, type: 'file' })).rejects.toMatchObject({
        code: 'BAD_REQUEST',
        reason: 'bad type',
      });
      await expect(contents().get('f2', { ...whole, type: 'directory' })).rejects.toMatchObject({
        reason: 'bad type',
      });
      await expect(contents().get('f2', { ...whole, format: 'text' })).rejects.toMatchObject({
        reason: 'bad format',
      });
      await expect(contents().get('f2', { ...whole, type: 'notebook' })).rejects.toMatchObject({
        code: 'BAD_REQUEST',
      });
    });

    test('[C3] what is not there is NOT_FOUND for every method', async () => {
      const missing = { code: 'NOT_FOUND' };
      await expect(contents().get('no', whole)).rejects.toMatchObject(missing);
      await expect(contents().rename('no', 'yes')).rejects.toMatchObject(missing);
      await expect(contents().delete('no')).rejects.toMatchObject(missing);
      await expect(contents().copy('no', '')).rejects.toMatchObject(missing);
      await expect(contents().createUntitled('no', {})).rejects.toMatchObject(missing);
      await expect(contents().createCheckpoint('no')).rejects.toMatchObject(missing);
      await expect(contents().restoreCheckpoint('no', 'checkpoint')).rejects.toMatchObject(missing);
      await expect(contents().trust('no')).rejects.toMatchObject(missing);
      await expect(
        contents().save('no/a.txt', body({ type: 'file', format: 'text', content: '' })),
      ).rejects.toMatchObject(missing);
      expect(await contents().listCheckpoints('no')).toEqual([]);
    });

    test('[C4] untitled entries take the first free name, also when two are made at once', async () => {
      await contents().save('u', body({ type: 'directory' }));
      const made = await Promise.all(
        [1, 2, 3].map(() => contents().createUntitled('u', { type: 'notebook' })),
      );
      expect(made.map((model) => model.path).toSorted()).toEqual([
        'u/Untitled.ipynb',
        'u/Untitled1.ipynb',
        'u/Untitled2.ipynb',
      ]);
      const text = [
        await contents().createUntitled('u', { ext: '.txt' }),
        await contents().createUntitled('u', { ext: '.txt' }),
      ];
      expect(text.map((model) => model.path)).toEqual(['u/untitled.txt', 'u/untitled1.txt']);
      const folders = [1, 2].map(() => ({ type: 'directory' }) as const);
      const names: string[] = [];
      for (const options of folders) names.push((await contents().createUntitled('u', options)).path);
      expect(names).toEqual(['u/Untitled Folder', 'u/Untitled Folder 1']);
    });

    test('[C5] a copy has a name of its own, an earlier -Copy is not repeated', async () => {
      await contents().save('c', body({ type: 'directory' }));
      await contents().save('c/a.ipynb', body({ type: 'notebook', content: notebook }));
      await contents().save('c/x.tar.gz', body({ type: 'file', format: 'text', content: 'x' }));
      expect((await contents().copy('c/a.ipynb', 'c')).path).toBe('c/a-Copy1.ipynb');
      expect((await contents().copy('c/a-Copy1.ipynb', 'c')).path).toBe('c/a-Copy2.ipynb');
      expect((await contents().copy('c/x.tar.gz', 'c')).path).toBe('c/x-Copy1.tar.gz');
      expect((await contents().copy('c/x.tar.gz', 'c/y.txt')).path).toBe('c/y.txt');
      expect(modelOf(await contents().get('c/y.txt', whole)).content).toBe('x');
      expect((await contents().copy('c', '')).path).toBe('c-Copy1');
      expect(modelOf(await contents().get('c-Copy1/x.tar.gz', whole)).content).toBe('x');
    });

    test('[C6] a rename never replaces another entry', async () => {
      for (const path of ['r1.txt', 'r2.txt'])
        await contents().save(path, body({ type: 'file', format: 'text', content: path }));
      await expect(contents().rename('r1.txt', 'r2.txt')).rejects.toMatchObject({
        code: 'CONFLICT',
        message: 'File already exists: r2.txt',
      });
      expect((await contents().rename('r1.txt', 'r3.txt')).path).toBe('r3.txt');
      expect((await contents().rename('r3.txt', 'r3.txt')).path).toBe('r3.txt');
      await expect(contents().get('r1.txt', whole)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(modelOf(await contents().get('r3.txt', whole)).content).toBe('r1.txt');
      await expect(contents().rename('r3.txt', 'none/r3.txt')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    test('[C7] a checkpoint brings the file back, moves with it and goes with it', async () => {
      const path = 'k.txt';
      await contents().save(path, body({ type: 'file', format: 'text', content: 'old' }));
      expect(await contents().listCheckpoints(path)).toEqual([]);
      const checkpoint = await contents().createCheckpoint(path);
      expect(checkpoint.last_modified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      await contents().save(path, body({ type: 'file', format: 'text', content: 'new' }));
      await contents().restoreCheckpoint(path, checkpoint.id);
      expect(modelOf(await contents().get(path, whole)).content).toBe('old');
      await contents().rename(path, 'k2.txt');
      expect(await contents().listCheckpoints(path)).toEqual([]);
      expect(await contents().listCheckpoints('k2.txt')).toEqual([checkpoint]);
      await contents().deleteCheckpoint('k2.txt', checkpoint.id);
      await expect(contents().deleteCheckpoint('k2.txt', checkpoint.id)).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      await contents().createCheckpoint('k2.txt');
      await contents().delete('k2.txt');
      expect(await contents().listCheckpoints('k2.txt')).toEqual([]);
    });

    test('[C8] a notebook has a checkpoint from its first save on', async () => {
      await contents().save('k.ipynb', body({ type: 'notebook', content: notebook }));
      expect(await contents().listCheckpoints('k.ipynb')).toHaveLength(1);
    });

    test('[C9] an upload in parts changes nothing until its last part', async () => {
      const path = 'up.bin';
      await contents().save(path, body({ type: 'file', format: 'text', content: 'old' }));
      const part = (chunk: number, content: string): Promise<RenderedModel> =>
        contents().save(path, body({ type: 'file', format: 'base64', chunk, content }));
      expect(modelOf(await part(1, 'YWE=')).size).toBe(2);
      expect(modelOf(await part(2, 'YmI=')).size).toBe(4);
      expect(modelOf(await contents().get(path, whole)).content).toBe('old');
      expect(modelOf(await part(-1, 'Y2M=')).size).toBe(6);
      expect(modelOf(await contents().get(path, whole)).content).toBe('aabbcc');
      const listed = modelOf(await contents().get('', { content: true, hash: false }))
        .content as ContentsModel[];
      expect(listed.filter((entry) => entry.name.includes('up'))).toHaveLength(1);
    });

    test('[C10] parts out of order, of no upload or of a notebook are refused; a new first part begins again', async () => {
      const path = 'up2.bin';
      const part = (chunk: number, content = 'YQ==', type = 'file'): Promise<RenderedModel> =>
        contents().save(path, body({ type, format: 'base64', chunk, content }));
      await expect(part(2)).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(part(-1)).rejects.toMatchObject({ code: 'CONFLICT' });
      await part(1);
      await expect(part(3)).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(part(0)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
      await expect(part(2, 'YQ==', 'notebook')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
      await part(1, 'Yg==');
      await part(-1, 'Yw==');
      expect(modelOf(await contents().get(path, whole)).content).toBe('bc');
    });

    test('[C11] only what a client says is trusted is trusted on the next load, and what it trusts explicitly', async () => {
      const output = { output_type: 'display_data', metadata: {}, data: { 'text/html': '<b>' } };
      const cell = {
        cell_type: 'code',
        id: 'a',
        metadata: {},
        source: '',
        outputs: [output],
        execution_count: 1,
      };
      const isTrusted = async (path: string): Promise<unknown> =>
        (
          modelOf(await contents().get(path, whole)).content as {
            cells: { metadata: { trusted: unknown } }[];
          }
        ).cells[0]!.metadata.trusted;
      const save = (path: string, metadata: object): Promise<unknown> =>
        contents().save(
          path,
          body({
            type: 'notebook',
            content: { ...notebook, metadata: { path }, cells: [{ ...cell, metadata }] },
          }),
        );
      await save('t1.ipynb', {});
      expect(await isTrusted('t1.ipynb')).toBe(false);
      await save('t2.ipynb', { trusted: true });
      expect(await isTrusted('t2.ipynb')).toBe(true);
      await contents().trust('t1.ipynb');
      expect(await isTrusted('t1.ipynb')).toBe(true);
      expect((await contents().copy('t1.ipynb', '')).path).toBe('t1-Copy1.ipynb');
      expect(await isTrusted('t1-Copy1.ipynb')).toBe(true);
    });
  });
}

/** A body as it comes from HTTP. */
function body(model: unknown): BodyBlocks {
  const bytes = new Uint8Array(Buffer.from(typeof model === 'string' ? model : JSON.stringify(model)));
  return { blocks: [bytes.buffer], length: bytes.length };
}

function modelOf(rendered: RenderedModel): ContentsModel {
  return JSON.parse(rendered.json.toString('utf8')) as ContentsModel;
}
