const maxLength = 128;

/**
 * Whether a text may be somebody's name: it comes from a file of tokens, a proxy or a trusted client, and goes to lists,
 * logs, environment variables and, encoded, to folders. Two spellings are two people: nothing is normalized.
 */
export function isUsername(text: unknown): text is string {
  return (
    typeof text === 'string' &&
    text !== '' &&
    text.length <= maxLength &&
    text.trim() === text &&
    // Control characters, halves of characters, and what turns the direction of a line of text round.
    !/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text)
  );
}
