import { LabIcon } from '@jupyterlab/ui-components';
import svgstr from '../../static-assets/perijove.svg';

export const perijoveIcon = new LabIcon({ name: '@perijove/lab:mark', svgstr });
