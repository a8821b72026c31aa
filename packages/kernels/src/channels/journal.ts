/** Numbers and keeps what a kernel said. */
export class Journal {}
