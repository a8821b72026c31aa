/** What ends a server: somebody's wish, and whether the kernels go with it. */
export interface Ending {
  readonly kernels: 'stop' | 'keep';
}

/** The wish itself; the first one counts. */
export class Endings {
  readonly first: Promise<Ending>;
  settle: (ending: Ending) => void = () => undefined;

  constructor() {
    this.first = new Promise((resolve) => (this.settle = resolve));
  }
}
