interface Mark {
  readonly next: number;
  readonly callBack: () => void;
}

/** Who waits until a journal has kept everything before a number, in the order of the numbers. */
export class KeptMarks {
  #marks: Mark[] = [];

  /** `next`: the number of the first message that need not be kept yet. */
  add(next: number, end: number, callBack: () => void): void {
    if (next <= end) callBack();
    else this.#marks.push({ next, callBack });
  }

  /** The journal has kept everything before `end`. */
  reached(end: number): void {
    if (this.#marks.length === 0 || this.#marks[0]!.next > end) return;
    const through = this.#marks.filter(({ next }) => next <= end);
    this.#marks = this.#marks.slice(through.length);
    for (const { callBack } of through) callBack();
  }

  clear(): void {
    this.#marks = [];
  }
}
