import type { Identity } from './user.ts';

/** How somebody is called of whom a name is known. */
export function personOf(username: string, fullName: string = username): Identity {
  const words = fullName.split(/[\s._@-]+/).filter((word) => word !== '');
  const initials = words
    .slice(0, 2)
    .map((word) => String.fromCodePoint(word.codePointAt(0) ?? 32).toUpperCase())
    .join('');
  return {
    username,
    name: fullName,
    display_name: fullName,
    initials: initials === '' ? null : initials,
    avatar_url: null,
    color: null,
  };
}
