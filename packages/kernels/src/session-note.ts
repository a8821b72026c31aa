import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { SessionRecord } from './session-store.ts';

const Note = Type.Object({
  sessions: Type.Array(
    Type.Object({ id: Type.String(), path: Type.String(), name: Type.String(), type: Type.String() }),
    { maxItems: 1000 },
  ),
});
type Note = Static<typeof Note>;

/** What is kept with a kernel of the sessions that have it: a server without records has them again by that. */
export function sessionNote(sessions: readonly SessionRecord[]): string {
  const note: Note = { sessions: sessions.map(({ id, path, name, type }) => ({ id, path, name, type })) };
  return JSON.stringify(note);
}

/** The sessions of a note, of a kernel and its owner. None, if it is damaged or of another version. */
export function sessionsOfNote(note: string, kernelId: string, username: string): readonly SessionRecord[] {
  try {
    const read: unknown = JSON.parse(note);
    if (!Value.Check(Note, read)) return [];
    return read.sessions.map((session) => ({ ...session, kernelId, username }));
  } catch {
    return [];
  }
}
