// What Python's mimetypes says of a name, since clients know files by it, and the types that browsers have learnt since.

const extensionsOf: Record<string, string> = {
  'application/epub+zip': 'epub',
  'application/geo+json': 'geojson',
  'application/javascript': 'js mjs',
  'application/json': 'json',
  'application/ld+json': 'jsonld',
  'application/manifest+json': 'webmanifest',
  'application/msword': 'doc dot wiz',
  'application/n-quads': 'nq',
  'application/n-triples': 'nt',
  'application/octet-stream': 'a bin dll exe o obj so',
  'application/oda': 'oda',
  'application/pdf': 'pdf',
  'application/pkcs7-mime': 'p7c',
  'application/postscript': 'ai eps ps',
  'application/rtf': 'rtf',
  'application/trig': 'trig',
  'application/vnd.apache.parquet': 'parquet',
  'application/vnd.apple.mpegurl': 'm3u m3u8',
  'application/vnd.ms-excel': 'xlb xls',
  'application/vnd.ms-powerpoint': 'pot ppa pps ppt pwz',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/wasm': 'wasm',
  'application/x-7z-compressed': '7z',
  'application/x-bcpio': 'bcpio',
  'application/x-cpio': 'cpio',
  'application/x-csh': 'csh',
  'application/x-dvi': 'dvi',
  'application/x-gtar': 'gtar',
  'application/x-hdf': 'hdf',
  'application/x-hdf5': 'h5',
  'application/x-latex': 'latex',
  'application/x-mif': 'mif',
  'application/x-netcdf': 'cdf nc',
  'application/x-pkcs12': 'p12 pfx',
  'application/x-pn-realaudio': 'ram',
  'application/x-python-code': 'pyc pyo',
  'application/x-sh': 'sh',
  'application/x-shar': 'shar',
  'application/x-shockwave-flash': 'swf',
  'application/x-sv4cpio': 'sv4cpio',
  'application/x-sv4crc': 'sv4crc',
  'application/x-tar': 'tar',
  'application/x-tcl': 'tcl',
  'application/x-tex': 'tex',
  'application/x-texinfo': 'texi texinfo',
  'application/x-troff': 'roff t tr',
  'application/x-troff-man': 'man',
  'application/x-troff-me': 'me',
  'application/x-troff-ms': 'ms',
  'application/x-ustar': 'ustar',
  'application/x-wais-source': 'src',
  'application/xml': 'rdf wsdl xpdl xsl',
  'application/yaml': 'yaml yml',
  'application/zip': 'zip',
  'audio/3gpp': '3gp 3gpp',
  'audio/3gpp2': '3g2 3gpp2',
  'audio/aac': 'aac adts ass loas',
  'audio/basic': 'au snd',
  'audio/flac': 'flac',
  'audio/mp4': 'm4a',
  'audio/mpeg': 'mp2 mp3',
  'audio/ogg': 'oga ogg',
  'audio/opus': 'opus',
  'audio/x-aiff': 'aif aifc aiff',
  'audio/x-pn-realaudio': 'ra',
  'audio/x-wav': 'wav',
  'font/otf': 'otf',
  'font/ttf': 'ttf',
  'font/woff': 'woff',
  'font/woff2': 'woff2',
  'image/avif': 'avif',
  'image/bmp': 'bmp',
  'image/gif': 'gif',
  'image/heic': 'heic',
  'image/heif': 'heif',
  'image/ief': 'ief',
  'image/jpeg': 'jpe jpeg jpg',
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'image/tiff': 'tif tiff',
  'image/vnd.microsoft.icon': 'ico',
  'image/webp': 'webp',
  'image/x-cmu-raster': 'ras',
  'image/x-portable-anymap': 'pnm',
  'image/x-portable-bitmap': 'pbm',
  'image/x-portable-graymap': 'pgm',
  'image/x-portable-pixmap': 'ppm',
  'image/x-rgb': 'rgb',
  'image/x-xbitmap': 'xbm',
  'image/x-xpixmap': 'xpm',
  'image/x-xwindowdump': 'xwd',
  'message/rfc822': 'eml mht mhtml nws',
  'text/css': 'css',
  'text/csv': 'csv',
  'text/html': 'htm html',
  'text/javascript': 'cjs',
  'text/markdown': 'markdown md',
  'text/n3': 'n3',
  'text/plain': 'bat c h ksh pl srt txt',
  'text/richtext': 'rtx',
  'text/tab-separated-values': 'tsv',
  'text/vtt': 'vtt',
  'text/x-python': 'py',
  'text/x-rst': 'rst',
  'text/x-setext': 'etx',
  'text/x-sgml': 'sgm sgml',
  'text/x-vcard': 'vcf',
  'text/xml': 'xml',
  'video/mp4': 'm4v mp4',
  'video/mpeg': 'm1v mpa mpe mpeg mpg',
  'video/ogg': 'ogv',
  'video/quicktime': 'mov qt',
  'video/webm': 'webm',
  'video/x-matroska': 'mkv',
  'video/x-msvideo': 'avi',
  'video/x-sgi-movie': 'movie',
};

const typeOf = new Map(
  Object.entries(extensionsOf).flatMap(([type, extensions]) =>
    extensions.split(' ').map((e) => [e, type] as const),
  ),
);

const encodingOf = new Map([
  ['gz', 'gzip'],
  ['Z', 'compress'],
  ['bz2', 'bzip2'],
  ['xz', 'xz'],
  ['br', 'br'],
]);

const compound = new Map([
  ['svgz', 'svg.gz'],
  ['tgz', 'tar.gz'],
  ['taz', 'tar.gz'],
  ['tz', 'tar.gz'],
  ['tbz2', 'tar.bz2'],
  ['txz', 'tar.xz'],
]);

/** Type of what a compressed file holds, like Python's guess_type(name)[0]: `data.csv.gz` is text/csv. */
export function guessMimeType(name: string): string | null {
  const [base, last] = splitExtension(expanded(name));
  const extension = encodingOf.has(last) ? splitExtension(base)[1] : last;
  return typeOf.get(extension) ?? typeOf.get(extension.toLowerCase()) ?? null;
}

/** What the bytes of a file are, for a browser that gets them as they are. */
export function contentTypeOf(name: string): string {
  if (name.endsWith('.ipynb')) return 'application/x-ipynb+json';
  const encoding = encodingOf.get(splitExtension(expanded(name))[1]);
  if (encoding !== undefined) return encoding === 'gzip' ? 'application/gzip' : 'application/octet-stream';
  const type = guessMimeType(name) ?? 'application/octet-stream';
  return type === 'text/plain' ? 'text/plain; charset=UTF-8' : type;
}

function expanded(name: string): string {
  const [base, extension] = splitExtension(name);
  const long = compound.get(extension);
  return long === undefined ? name : `${base}.${long}`;
}

/** Like os.path.splitext, without the dot: dots that begin a name part nothing. */
function splitExtension(name: string): [base: string, extension: string] {
  const dot = name.lastIndexOf('.');
  if (dot <= 0 || /^\.*$/.test(name.slice(0, dot))) return [name, ''];
  return [name.slice(0, dot), name.slice(dot + 1)];
}
