import { randomInt, randomUUID } from 'node:crypto';
import type { Identity } from './user.ts';

const moons = [
  'Metis', 'Adrastea', 'Amalthea', 'Thebe', 'Io', 'Europa', 'Ganymede', 'Callisto', 'Themisto', 'Leda', 'Ersa',
  'Pandia', 'Himalia', 'Lysithea', 'Elara', 'Dia', 'Carpo', 'Valetudo', 'Euporie', 'Eupheme', 'Jupiter LV', 'Iocaste',
  'Praxidike', 'Harpalyke', 'Ananke', 'Carme', 'Pasiphae', 'Sinope', 'Callirrhoe', 'Megaclite', 'Kalyke', 'Hegemone',
  'Herse', 'Kore', 'Cyllene', 'Arche', 'Autonoe', 'Eurydome', 'Sponde', 'Isonoe', 'Taygete', 'Erinome',
].filter((moon) => /^[A-Z][a-z]+$/.test(moon)); // prettier-ignore

/** Somebody whom we know only by the cookie they will get, named as JupyterLab's users are used to. */
export function anonymousIdentity(): Identity {
  const moon = moons[randomInt(moons.length)] ?? 'Io';
  return {
    username: randomUUID().replaceAll('-', ''),
    name: `Anonymous ${moon}`,
    display_name: `Anonymous ${moon}`,
    initials: `A${moon[0]}`,
    avatar_url: null,
    color: null,
  };
}
