/** One version for all packages; the same as in every package.json (a test holds them together). */
export const version = '0.1.0';
