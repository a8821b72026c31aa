import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Replay } from './replay.ts';

test('[T2] a replay is the end of what was shown, as much as the limit allows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 6000 })),
      fc.nat(10_000),
      (pieces, limit) => {
        const replay = new Replay(limit);
        for (const piece of pieces) replay.push(piece);
        const all = pieces.join('');
        const kept = replay.toString();
        expect(all.endsWith(kept)).toBe(true);
        expect(kept.length).toBeLessThanOrEqual(limit);
        // A surrogate pair that does not fit is left out whole; nothing else is.
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(limit, all.length) - 1);
        expect(Buffer.from(kept).toString()).toBe(kept);
      },
    ),
  );
});
