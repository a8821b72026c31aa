import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { displayName, isLocale, localeOf } from './locale.ts';
import { createTestLab, type TestLab } from './test-lab.ts';

let lab: TestLab;
beforeEach(async () => {
  lab = await createTestLab({ systemLocale: 'fr_FR.UTF-8' });
});
afterEach(() => lab.remove());

const site = 'env/lib/python3.11/site-packages';
const pack = (locale: string, folder = site) =>
  `${folder}/jupyterlab_language_pack_${locale}/locale/${locale}/LC_MESSAGES`;
const french = { '': { domain: 'jupyterlab', language: 'fr_FR' }, Save: ['Enregistrer'] };
const chooseLocale = async (locale: string) => {
  await lab.write({
    'app/schemas/@jupyterlab/translation-extension/plugin.json': {
      properties: { locale: { type: 'string' } },
    },
  });
  await lab.write({
    'config/lab/user-settings/@jupyterlab/translation-extension/plugin.jupyterlab-settings': { locale },
  });
};

test('[P44] without language packs there is English', async () => {
  expect((await lab.get('/lab/api/translations/')).json()).toEqual({
    data: { en: { displayName: 'English', nativeName: 'English' } },
    message: '',
  });
  expect((await lab.get('/lab/api/translations/en')).json()).toEqual({ data: {}, message: '' });
  expect((await lab.get('/lab/api/translations/de_DE')).json()).toEqual({
    data: {},
    message: "Language pack 'de_DE' not installed!",
  });
  expect((await lab.get('/lab/api/translations/nonsense')).json()).toEqual({
    data: {},
    message: "Language pack 'nonsense' not valid!",
  });
  expect((await lab.get('/lab/api/translations/..%2f..%2fetc')).json().data).toEqual({});
});

test('[P45] language packs are found where extensions and kernels come from', async () => {
  await lab.write({
    [`${pack('fr_FR')}/jupyterlab.json`]: french,
    [`${pack('fr_FR')}/other_extension.json`]: { '': {}, x: ['y'] },
    [`${pack('fr_FR')}/broken.json`]: '{',
    [`${pack('de_DE', 'venv/lib/python3.12/site-packages')}/jupyterlab.json`]: {},
    [`${site}/jupyterlab_language_pack_fr_FR-4.6.post1.dist-info/METADATA`]: '',
  });
  const withKernel = await createTestLab({
    pythons: async () => [join(lab.folder, 'venv/bin/python3'), 'R', 'python3'],
  });
  expect(Object.keys((await withKernel.get('/lab/api/translations')).json().data)).toEqual(['en', 'de_DE']);
  await withKernel.remove();

  const { data, message } = (await lab.get('/lab/api/translations/fr_FR')).json();
  expect(data).toEqual({ jupyterlab: french, other_extension: { '': {}, x: ['y'] } });
  expect(message).toContain('broken.json');
  expect((await lab.get('/lab/api/translations/default')).json().data).toEqual(data);
});

test("[P46] languages are named in the user's language and in their own", async () => {
  await lab.write({
    [`${pack('fr_FR')}/jupyterlab.json`]: french,
    [`${pack('zh_CN')}/jupyterlab.json`]: {},
    [`${pack('ach_UG')}/jupyterlab.json`]: {},
  });
  expect((await lab.get('/lab/api/translations')).json().data).toMatchObject({
    en: { displayName: 'Anglais', nativeName: 'English' },
    fr_FR: { displayName: 'Français (France)', nativeName: 'Français (France)' },
    zh_CN: { displayName: 'Chinois (Chine)', nativeName: '中文（中国）' },
    ach_UG: { displayName: 'Pseudo-language', nativeName: 'to translate the UI' },
  });
  await chooseLocale('ach_UG');
  expect((await lab.get('/lab/api/translations')).json().data).toMatchObject({
    en: { displayName: 'Default' },
    ach_UG: { nativeName: 'Pseudo-language' },
  });
  await chooseLocale('en');
  expect((await lab.get('/lab/api/translations')).json().data.fr_FR).toEqual({
    displayName: 'French (France)',
    nativeName: 'Français (France)',
  });
});

test('[P47] a locale is a language with perhaps a territory', () => {
  expect(['fr', 'fr_FR', 'zh_Hant_TW', 'es_419', 'pt-BR'].every(isLocale)).toBe(true);
  expect(['', 'x', '../x', 'fr_FR.UTF-8', 'fr/FR', 'english', 'en_'].some(isLocale)).toBe(false);
  expect(['fr_FR.UTF-8', 'de_DE@euro', 'C.UTF-8', 'POSIX', '', undefined].map(localeOf)).toEqual([
    'fr_FR',
    'de_DE',
    'en',
    'en',
    'en',
    'en',
  ]);
  expect(displayName('pt_BR', 'en')).toBe('Portuguese (Brazil)');
});

test("[P48] the words of settings are in the user's language, values are not touched", async () => {
  const schema = {
    title: 'Save',
    description: 'Unknown',
    'jupyter.lab.menus': { main: [{ id: 'x', label: 'File', items: [{ command: 'Save' }] }] },
    'jupyter.lab.toolbars': { Notebook: [{ name: 'Save', label: 'Save' }] },
    properties: { locale: { type: 'string', title: 'Save', default: 'Save', enum: ['Save', 'en'] } },
  };
  await lab.write({
    'app/schemas/@jupyterlab/translation-extension/plugin.json': schema,
    'app/schemas/@other/ext/plugin.json': {
      ...schema,
      'jupyter.lab.internationalization': { domain: 'other-ext' },
    },
    [`${pack('fr_FR')}/jupyterlab.json`]: {
      'schema\u0004Save': ['Enregistrer (schéma)'],
      'settings\u0004Save': ['Enregistrer'],
      'menu\u0004File': ['Fichier'],
      'toolbar\u0004Save': [''],
    },
    [`${pack('fr_FR')}/other_ext.json`]: { 'schema\u0004Save': ['Autre'] },
  });
  const id = '@jupyterlab/translation-extension:plugin';
  const shown = async (plugin = id) => (await lab.get(`/lab/api/settings/${plugin}`)).json().schema;
  expect(await shown()).toEqual({
    title: 'Enregistrer (schéma)',
    description: 'Unknown',
    'jupyter.lab.menus': { main: [{ id: 'x', label: 'Fichier', items: [{ command: 'Save' }] }] },
    'jupyter.lab.toolbars': { Notebook: [{ name: 'Save', label: 'Save' }] },
    properties: { locale: { type: 'string', title: 'Enregistrer', default: 'Save', enum: ['Save', 'en'] } },
  });
  expect((await shown('@other/ext:plugin')).title).toBe('Autre');
  expect((await lab.get('/lab/api/settings')).json().settings[0].schema.title).toBe('Autre');

  await lab.put(`/lab/api/settings/${id}`, { raw: '{"locale": "en"}' });
  expect(await shown()).toEqual(schema);
  expect((await lab.get('/lab/api/settings')).json().settings[0].schema.title).toBe('Save');
});
