/** Small pieces are joined up to this length: a shell writes its prompt in many. */
const joinedLength = 4096;

/** The last output of a terminal, for whoever opens it again. Bounded in characters, which are bytes for most of what is shown. */
export class Replay {
  readonly #limit: number;
  #chunks: string[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(text: string): void {
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.length + text.length <= joinedLength)
      this.#chunks[this.#chunks.length - 1] = last + text;
    else this.#chunks.push(text);
    this.#length += text.length;
    while (this.#length > this.#limit) this.#trim();
  }

  #trim(): void {
    const oldest = this.#chunks.shift() ?? '';
    this.#length -= oldest.length;
    const room = this.#limit - this.#length;
    if (room <= 0) return;
    const rest = lastOf(oldest, room);
    this.#chunks.unshift(rest);
    this.#length += rest.length;
  }

  toString(): string {
    return this.#chunks.join('');
  }
}

/** Never half of a surrogate pair. */
function lastOf(text: string, length: number): string {
  const start = text.length - length;
  const cutsPair = (text.charCodeAt(start) & 0xfc00) === 0xdc00;
  return text.slice(cutsPair ? start + 1 : start);
}
