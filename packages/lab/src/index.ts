import { about } from './branding/about.ts';
import { logo } from './branding/logo.ts';
import { splash } from './branding/splash.ts';

export default [logo, about, splash];
