/** The text is not JSON. Messages end like Python's: `line 1 column 2 (char 1)`. */
export class JsonSyntaxError extends Error {
  constructor(what: string, bytes: Uint8Array, at: number) {
    let line = 1;
    let lineStart = 0;
    for (let i = 0; i < at; i++) {
      if (bytes[i] === 0x0a) {
        line++;
        lineStart = i + 1;
      }
    }
    super(`${what}: line ${line} column ${at - lineStart + 1} (char ${at})`);
    this.name = 'JsonSyntaxError';
  }
}

/** The text has more values than fit in memory as a tree. */
export class JsonTooManyValuesError extends Error {}
