import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Subscriptions } from './subscriptions.ts';

// Few letters and short topics, so that they are prefixes of each other.
const topic = fc.array(fc.constantFrom(0, 97, 255), { maxLength: 4 }).map((bytes) => Buffer.from(bytes));

test('[Z45] topics count, and match what begins with one of them', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), topic), { maxLength: 30 }), topic, (changes, frame) => {
      const subscriptions = new Subscriptions();
      const model: string[] = [];
      for (const [isAdded, changed] of changes) {
        const key = changed.toString('latin1');
        if (isAdded) {
          expect(subscriptions.add(changed)).toBe(!model.includes(key));
          model.push(key);
        } else {
          const index = model.indexOf(key);
          if (index >= 0) model.splice(index, 1);
          expect(subscriptions.remove(changed)).toBe(index >= 0 && !model.includes(key));
        }
      }
      const distinct = new Set(model);
      expect(new Set([...subscriptions.topics()].map((each) => each.toString('latin1')))).toEqual(distinct);
      expect(subscriptions.matches(frame)).toBe(
        model.some((key) => frame.toString('latin1').startsWith(key)),
      );
      expect(subscriptions.bytes).toBe([...distinct].reduce((sum, key) => sum + 64 + key.length, 0));
    }),
  );
});
