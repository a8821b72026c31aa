/** One thing that was looked at, in words. */
export interface Finding {
  readonly state: 'good' | 'warning' | 'problem';
  /** What was looked at: "permissions", "the kernelspec python3". */
  readonly subject: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export function good(subject: string, message: string): Finding {
  return { state: 'good', subject, message };
}

export function warning(subject: string, message: string, remedy: string): Finding {
  return { state: 'warning', subject, message, remedy };
}

export function problem(subject: string, message: string, remedy: string): Finding {
  return { state: 'problem', subject, message, remedy };
}
