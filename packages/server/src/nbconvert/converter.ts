import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import type { FastifyBaseLogger } from 'fastify';
import { ServerError } from '../errors.ts';
import type { Formats } from './convert-answer.ts';
import type { NbconvertOptions } from './options.ts';
import { runScript, type ScriptAnswer } from './run-script.ts';
import { Turns } from '../turns.ts';

export interface ConverterDeps {
  readonly options: NbconvertOptions;
  /** Commands of the kernelspecs; the first Python among them that has nbconvert converts. */
  readonly pythons: () => Promise<readonly string[]>;
  readonly configDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: FastifyBaseLogger;
}

export interface Conversion {
  readonly format: string;
  /** The notebook's contents model, as JSON. */
  readonly model: Uint8Array;
  /** The notebook's name without its ending. */
  readonly name: string;
  readonly lastModified?: Date | undefined;
  /** Where the notebook lies, for what it refers to. */
  readonly folder?: string | undefined;
  readonly sanitize?: boolean | undefined;
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

export interface Converted {
  readonly mimetype: string;
  readonly fileName: string;
  readonly isArchive: boolean;
  readonly length: number;
  readonly body: Readable;
}

/** How long "there is no nbconvert" is believed: a user may be about to install it. */
const missingForMs = 60_000;

/** Converts notebooks with the nbconvert of a kernel's Python, each in a process of its own. */
export class Converter {
  readonly #deps: ConverterDeps;
  readonly #turns: Turns;
  /** The interpreter that was found to have nbconvert. */
  #python: string | undefined;
  #formats: Promise<Formats> | undefined;

  constructor(deps: ConverterDeps) {
    this.#deps = deps;
    this.#turns = new Turns(
      deps.options.nbconvertConcurrency,
      deps.options.nbconvertQueueLimit,
      'Too many notebooks are being converted; try again later',
    );
  }

  /** What can be converted to; nothing if no interpreter has nbconvert. Found out once. */
  formats(): Promise<Formats> {
    this.#formats ??= this.#findFormats().then(
      (formats) => {
        if (Object.keys(formats).length === 0) this.#forgetFormats(missingForMs);
        return formats;
      },
      (error: unknown) => {
        this.#forgetFormats(0);
        throw error;
      },
    );
    return this.#formats;
  }

  /**
   * Throws NOT_FOUND for an unknown format, BAD_REQUEST for what is no notebook, CONVERSION_FAILED with the exporter's words,
   * TOO_LARGE and UNAVAILABLE for the limits, NOT_IMPLEMENTED if no interpreter has nbconvert.
   */
  async convert(conversion: Conversion): Promise<Converted> {
    const { options, configDir } = this.#deps;
    const timeout = AbortSignal.timeout(options.nbconvertTimeoutS * 1000);
    const stop = new AbortController();
    const signal = AbortSignal.any([conversion.signal, timeout, stop.signal]);
    const metadata = {
      name: conversion.name,
      ...(conversion.folder === undefined ? {} : { path: conversion.folder }),
      ...(conversion.lastModified === undefined ? {} : { modified_date: longDate(conversion.lastModified) }),
    };
    const request = {
      do: 'convert',
      format: conversion.format,
      sanitize: conversion.sanitize ?? null,
      configDir,
      metadata,
    };
    const endTurn = await this.#turns.take(signal).catch((error: unknown) => {
      throw this.#explain(error, timeout);
    });
    let answer: ScriptAnswer | undefined;
    try {
      answer = await this.#ask(request, conversion, signal);
    } catch (error) {
      endTurn();
      throw this.#explain(error, timeout);
    }
    void answer.ended.then(endTurn);

    const { head, body } = answer;
    if (head.status !== 'ok' || 'formats' in head)
      throw this.#refusal(head.status, 'message' in head ? head.message : '');
    if (head.length > options.nbconvertMaxOutputBytes) {
      stop.abort();
      throw new ServerError(
        'TOO_LARGE',
        `The converted notebook has ${head.length} bytes, more than are allowed`,
      );
    }
    return { ...head, body };
  }

  async #findFormats(): Promise<Formats> {
    const signal = AbortSignal.timeout(this.#deps.options.nbconvertTimeoutS * 1000);
    const endTurn = await this.#turns.take(signal);
    try {
      const { head, ended } = await this.#ask({ do: 'list' }, {}, signal);
      await ended;
      return 'formats' in head ? head.formats : {};
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      return {};
    } finally {
      endTurn();
    }
  }

  /** Asks one interpreter after the other until one has nbconvert. */
  async #ask(
    request: Readonly<Record<string, unknown>>,
    { model, folder }: { model?: Uint8Array; folder?: string | undefined },
    signal: AbortSignal,
  ): Promise<ScriptAnswer> {
    const { env, log } = this.#deps;
    const pythons = this.#python === undefined ? await this.#findPythons() : [this.#python];
    for (const python of pythons) {
      let answer: ScriptAnswer;
      try {
        answer = await runScript({ python, request, model, cwd: folder ?? tmpdir(), env, signal });
      } catch (error) {
        signal.throwIfAborted();
        log.warn({ err: error, python }, 'An interpreter could not be asked to convert');
        continue;
      }
      if (answer.head.status === 'badRequest') return answer;
      if (answer.head.status !== 'missing') {
        this.#python = python;
        return answer;
      }
      await answer.ended;
    }
    // It may have been taken away since.
    this.#python = undefined;
    throw new ServerError(
      'NOT_IMPLEMENTED',
      'No Python of the kernels has nbconvert; install it with: pip install nbconvert',
    );
  }

  /** Kernelspecs of other languages have commands that would make something else of `-c`. */
  async #findPythons(): Promise<readonly string[]> {
    const commands = await this.#deps.pythons();
    return [...new Set(commands)].filter((command) => /^python[\d.]*$/.test(basename(command)));
  }

  #refusal(status: string, message: string): ServerError {
    switch (status) {
      case 'unknownFormat':
        return new ServerError('NOT_FOUND', message);
      case 'badRequest':
        return new ServerError('BAD_REQUEST', message);
      default:
        return new ServerError('CONVERSION_FAILED', `nbconvert failed: ${message}`);
    }
  }

  #explain(error: unknown, timeout: AbortSignal): unknown {
    if (!timeout.aborted) return error;
    const seconds = this.#deps.options.nbconvertTimeoutS;
    return new ServerError('UNAVAILABLE', `Converting took longer than ${seconds} s and was stopped`, {
      cause: error,
    });
  }

  #forgetFormats(afterMs: number): void {
    const formats = this.#formats;
    const timer = setTimeout(() => {
      if (this.#formats === formats) this.#formats = undefined;
    }, afterMs);
    timer.unref();
  }
}

/** `November 24, 2026`: what templates print as the date. */
function longDate(date: Date): string {
  return date.toLocaleDateString('en-US', { year: 'numeric', month: 'long', day: 'numeric' });
}
