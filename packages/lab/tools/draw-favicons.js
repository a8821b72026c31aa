// Draws static-assets/favicons/ from the SVG marks, with Chromium: `node packages/lab/tools/draw-favicons.js`.
// Its results are committed, since a build should not need a browser.
import { readFile, writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const assets = new URL('../static-assets/', import.meta.url);
const sizes = [16, 32, 48];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
try {
  await draw('perijove.svg', 'favicon.ico');
  for (const number of [1, 2, 3]) await draw('perijove-busy.svg', `favicon-busy-${number}.ico`);
} finally {
  await browser.close();
}

async function draw(source, target) {
  const svg = await readFile(new URL(source, assets), 'utf8');
  const page = await browser.newPage();
  const images = [];
  for (const size of sizes) {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(
      `<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`,
    );
    images.push({ size, png: await page.screenshot({ omitBackground: true }) });
  }
  await page.close();
  await writeFile(new URL(`favicons/${target}`, assets), icon(images));
}

/** An ICO file: a header, one 16-byte entry an image, the images as PNG. */
function icon(images) {
  const header = Buffer.alloc(6 + 16 * images.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(images.length, 4);
  let offset = header.length;
  for (const [index, { size, png }] of images.entries()) {
    const at = 6 + 16 * index;
    header.writeUInt8(size, at);
    header.writeUInt8(size, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(png.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += png.length;
  }
  return Buffer.concat([header, ...images.map((image) => image.png)]);
}
