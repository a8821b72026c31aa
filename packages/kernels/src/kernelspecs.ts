import { readdir, readFile, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { KernelspecFile } from '@perijove/protocol';
import { Value } from 'typebox/value';
import type { JupyterPaths } from './jupyter-paths.ts';
import { findJsonError } from './json-error.ts';
import type { Log } from './log.ts';
import { provisionerNameOf } from './provisioner-name.ts';
import type { Kernelspec } from './provisioner.ts';

/** A kernelspec with the names of the other files in its folder: logos, `kernel.js`. */
export interface FoundKernelspec extends Kernelspec {
  readonly files: readonly string[];
}

export interface KernelspecsOptions {
  readonly paths: Pick<JupyterPaths, 'kernelsPath'>;
  readonly log: Log;
  /** Kernelspecs that lie in none of the folders; one of the same name in a folder goes before. */
  readonly extra?: readonly Kernelspec[];
  /** Names of provisioners that a kernelspec may ask for in its metadata; for `local`, Jupyter's `local-provisioner` too. */
  readonly provisioners?: readonly string[];
  /** Whether kernelspecs of Jupyter Enterprise Gateway whose kernels run elsewhere (`metadata.process_proxy`) can be started. */
  readonly startsProcessProxies?: boolean;
  /** Jupyter's `allowed_kernelspecs`: empty or absent, all are. */
  readonly allowed?: readonly string[];
  /** What a client gets that names none. Absent: python3, else another one for Python, else the first. */
  readonly defaultName?: string | undefined;
}

/** Why a kernelspec is not offered: a sentence with its path in it. */
export interface HiddenKernelspec {
  readonly name: string;
  readonly path: string;
  readonly reason: string;
}

/**
 * Finds the kernelspecs of a user where Jupyter looks for them. Every call looks again, so a kernel installed meanwhile
 * is there; only what changed is read again.
 */
export class Kernelspecs {
  readonly #options: KernelspecsOptions;
  readonly #files = new Map<string, CachedFile>();
  readonly #warned = new Set<string>();
  #scan: Promise<Scan> | undefined;
  #last: Scan | undefined;

  constructor(options: KernelspecsOptions) {
    this.#options = options;
  }

  /** All that can be started, by name. The very same map as before if nothing has changed. */
  async list(): Promise<ReadonlyMap<string, FoundKernelspec>> {
    return (await this.#look()).specs;
  }

  /** Names are compared in lower case, as Jupyter does. */
  async get(name: string): Promise<FoundKernelspec | undefined> {
    return (await this.#look()).specs.get(name.toLowerCase());
  }

  /** Those that were found and cannot be used, and why. */
  async hidden(): Promise<ReadonlyMap<string, HiddenKernelspec>> {
    return (await this.#look()).hidden;
  }

  async defaultName(): Promise<string> {
    if (this.#options.defaultName) return this.#options.defaultName;
    const { specs } = await this.#look();
    if (specs.has('python3')) return 'python3';
    const all = [...specs.values()];
    return (all.find(({ spec }) => spec.language === 'python') ?? all[0])?.name ?? 'python3';
  }

  #look(): Promise<Scan> {
    this.#scan ??= this.#search().finally(() => (this.#scan = undefined));
    return this.#scan;
  }

  async #search(): Promise<Scan> {
    const folders = await Promise.all(this.#options.paths.kernelsPath.map(listSpecFolders));
    const firsts = new Map<string, string>();
    for (const path of folders.flat()) {
      const name = posix.basename(path).toLowerCase();
      if (!firsts.has(name)) firsts.set(name, path);
    }
    const read = await Promise.all([...firsts].map(([name, path]) => this.#read(name, path)));
    const found = read.filter((one) => one !== undefined);
    if (this.#last && isSame(this.#last.found, found)) return this.#last;

    const extra = await Promise.all((this.#options.extra ?? []).map(withFiles));

    const specs = new Map<string, FoundKernelspec>();
    const hidden = new Map<string, HiddenKernelspec>();
    for (const { spec, problem } of [...found, ...extra]) {
      if (problem) hidden.set(problem.name, problem);
      if (!spec || specs.has(spec.name)) continue;
      const reason = this.#reasonToHide(spec);
      if (reason) hidden.set(spec.name, { name: spec.name, path: spec.resourceDir, reason });
      else specs.set(spec.name, spec);
    }
    for (const problem of hidden.values()) this.#warnOnce(problem);
    this.#last = { specs, hidden, found };
    return this.#last;
  }

  async #read(name: string, folder: string): Promise<Found | undefined> {
    const path = posix.join(folder, 'kernel.json');
    try {
      const [ofFolder, ofFile] = await Promise.all([stat(folder), stat(path)]);
      const mark = [ofFolder.mtimeMs, ofFile.mtimeMs, ofFile.size, ofFile.ino].join(' ');
      const known = this.#files.get(path);
      if (known?.mark === mark && !known.isYoung) return known.found;
      const [text, names] = await Promise.all([readFile(path, 'utf8'), readdir(folder)]);
      const content = [text, ...names.toSorted()].join('\0');
      this.#files.set(path, {
        mark,
        // A file may change again within one tick of a coarse clock (2 s on some file systems): what was young when it
        // was read is read again.
        isYoung: Date.now() - Math.max(ofFolder.mtimeMs, ofFile.mtimeMs) < 2500,
        content,
        found: known?.content === content ? known.found : parse(name, folder, path, text, names),
      });
      return this.#files.get(path)?.found;
    } catch (error) {
      this.#files.delete(path);
      const code = (error as NodeJS.ErrnoException).code;
      // Not a kernelspec, or removed while we were looking.
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      const reason = `${path} cannot be read (${code ?? String(error)}); make it readable for this user`;
      return { problem: { name, path, reason } };
    }
  }

  #reasonToHide(found: FoundKernelspec): string | undefined {
    const { allowed, provisioners = [], startsProcessProxies = false } = this.#options;
    if (allowed && allowed.length > 0 && !allowed.includes(found.name)) {
      return `the kernelspec ${found.name} is not among the allowed ones`;
    }
    const metadata = found.spec.metadata ?? {};
    const provisioner = provisionerNameOf(found);
    if (provisioner !== undefined && !provisioners.includes(provisioner)) {
      return `the kernelspec in ${found.resourceDir} asks for the provisioner ${provisioner}, which is not known here`;
    }
    const proxy = nameIn(metadata['process_proxy'], 'class_name');
    if (proxy !== undefined && !startsProcessProxies && !proxy.endsWith('.LocalProcessProxy')) {
      return `the kernelspec in ${found.resourceDir} is for the process proxy ${proxy} of a gateway`;
    }
    return undefined;
  }

  #warnOnce({ name, path, reason }: HiddenKernelspec): void {
    if (this.#warned.has(reason)) return;
    this.#warned.add(reason);
    this.#options.log.warn({ kernelspec: name, path }, reason);
  }
}

interface Scan {
  readonly specs: ReadonlyMap<string, FoundKernelspec>;
  readonly hidden: ReadonlyMap<string, HiddenKernelspec>;
  /** What the two were made from. */
  readonly found: readonly Found[];
}

interface Found {
  readonly spec?: FoundKernelspec;
  readonly problem?: HiddenKernelspec;
}

interface CachedFile {
  /** Changes whenever the folder or the file does. */
  readonly mark: string;
  readonly isYoung: boolean;
  readonly content: string;
  readonly found: Found;
}

function isSame(before: readonly Found[], now: readonly Found[]): boolean {
  return (
    before.length === now.length &&
    before.every(
      ({ spec, problem }, index) =>
        spec === now[index]?.spec && problem?.reason === now[index]?.problem?.reason,
    )
  );
}

async function listSpecFolders(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.toSorted().map((name) => posix.join(folder, name));
  } catch {
    // Most of the folders that Jupyter looks in do not exist, or are not for us.
    return [];
  }
}

async function withFiles(spec: Kernelspec): Promise<Found> {
  // Its folder may be one that was never there: then it has no logos, and is a kernelspec all the same.
  const files = await readdir(spec.resourceDir).catch((): string[] => []);
  return { spec: { ...spec, files: files.toSorted() } };
}

function parse(name: string, folder: string, path: string, text: string, files: readonly string[]): Found {
  const refuse = (reason: string) => ({ problem: { name, path, reason } });
  if (!/^[a-z0-9._-]+$/.test(name)) {
    return refuse(
      `the kernelspec folder ${folder} has a name with other characters than ASCII letters, digits, ".", "_", "-"; rename it`,
    );
  }
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    const place = findJsonError(text.replace(/^\uFEFF/, ''));
    const where = place ? `: line ${place.line}, column ${place.column}` : '';
    return refuse(`${path} is not JSON${where}; correct it, or remove the folder`);
  }
  const spec = withDefaults(content, name);
  const errors = Value.Errors(KernelspecFile, spec);
  if (errors.length > 0) {
    const list = errors
      .map(({ instancePath, message }) => `${instancePath || 'the file'} ${message}`)
      .join(', ');
    return refuse(`${path} is not a kernelspec: ${list}; correct it, or remove the folder`);
  }
  return { spec: { name, resourceDir: folder, spec: spec as KernelspecFile, files: files.toSorted() } };
}

/** What Jupyter's own reader fills in or accepts. */
function withDefaults(content: unknown, name: string): unknown {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return content;
  const spec = content as Record<string, unknown>;
  const mode = spec['interrupt_mode'];
  return {
    ...spec,
    display_name: spec['display_name'] ?? name,
    language: spec['language'] ?? '',
    ...(typeof mode === 'string' ? { interrupt_mode: mode.toLowerCase() } : {}),
  };
}

function nameIn(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const name = (value as Record<string, unknown>)[key];
  return typeof name === 'string' ? name : undefined;
}
