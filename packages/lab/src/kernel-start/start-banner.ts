import { Widget } from '@lumino/widgets';
import { elapsedInWords, type StartProgress } from './start-progress.ts';

/** What is said above a notebook whose kernel is on its way: where it is, for how long, and a way out. */
export class StartBanner extends Widget {
  readonly #sentence = element('span', 'perijove-KernelStart-sentence');
  readonly #elapsed = element('span', 'perijove-KernelStart-elapsed');
  readonly #steps = element('ol', 'perijove-KernelStart-steps');
  readonly #details = element('details', 'perijove-KernelStart-details');
  readonly #content = element('div', 'perijove-KernelStart-content');
  readonly #observer: ResizeObserver;
  #progress: StartProgress = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(onCancel: () => void) {
    super();
    this.addClass('perijove-KernelStart');
    // Read out when the sentence changes; the seconds are not.
    this.#sentence.setAttribute('role', 'status');
    this.#elapsed.setAttribute('aria-hidden', 'true');
    const summary = element('summary', '');
    summary.textContent = 'Steps so far';
    this.#details.append(summary, this.#steps);
    const cancel = element('button', 'perijove-KernelStart-cancel jp-Button jp-mod-styled jp-mod-minimal');
    cancel.textContent = 'Cancel';
    cancel.title = 'Do not start this kernel';
    cancel.addEventListener('click', onCancel);
    const dot = element('span', 'perijove-KernelStart-dot');
    dot.setAttribute('aria-hidden', 'true');
    const line = element('div', 'perijove-KernelStart-line');
    line.append(dot, this.#sentence, this.#elapsed, cancel);
    this.#content.append(line, this.#details);
    this.node.append(this.#content);
    // The layout above gives what a style says is the least, and does not look at what is inside.
    this.#observer = new ResizeObserver(() => {
      this.node.style.minHeight = `${this.#content.offsetHeight}px`;
      this.parent?.fit();
    });
    this.#observer.observe(this.#content);
    this.hide();
  }

  override show(): void {
    super.show();
    this.#timer ??= setInterval(() => this.#tick(), 1000);
  }

  override hide(): void {
    super.hide();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  override dispose(): void {
    clearInterval(this.#timer);
    this.#observer.disconnect();
    super.dispose();
  }

  set progress(progress: StartProgress) {
    this.#progress = progress;
    const last = progress.at(-1);
    if (this.#sentence.textContent !== (last?.message ?? ''))
      this.#sentence.textContent = last?.message ?? '';
    this.#details.hidden = progress.length < 2 && last?.detail === undefined;
    this.#steps.replaceChildren(
      ...progress.map(({ message, detail, at }, index) => {
        const item = element('li', '');
        const until = progress[index + 1]?.at;
        item.textContent = until === undefined ? message : `${message} (${elapsedInWords(until - at)})`;
        if (detail) {
          const cause = element('code', '');
          cause.textContent = detail;
          item.append(cause);
        }
        return item;
      }),
    );
    this.#tick();
  }

  #tick(): void {
    const first = this.#progress[0];
    this.#elapsed.textContent = first === undefined ? '' : elapsedInWords(Date.now() - first.at);
  }
}

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className: string,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.className = className;
  return made;
}
