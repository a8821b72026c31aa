import { Type } from 'typebox';

export const contentsOptions = {
  allowHidden: {
    schema: Type.Boolean({ default: false }),
    help: 'Show and serve files and folders whose name begins with a dot.',
  },
  hideGlobs: {
    schema: Type.Array(Type.String(), { default: ['__pycache__', '*.pyc', '*.pyo', '.DS_Store', '*~'] }),
    help: 'Names that listings leave out.',
  },
  followLinksOutside: {
    schema: Type.Boolean({ default: false }),
    help: 'Follow symbolic links that lead out of the root folder.',
  },
  deleteToTrash: {
    schema: Type.Boolean({ default: true }),
    help: "Deleted files go to the desktop's trash. Off: they are gone.",
  },
  alwaysDeleteDir: {
    schema: Type.Boolean({ default: false }),
    help: 'Without trash, delete folders that are not empty too.',
  },
  useFsync: {
    schema: Type.Boolean({ default: true }),
    help: 'A save is on the disk when it is answered, even if the machine loses its power then.',
  },
  maxContentBytes: {
    schema: Type.Integer({ default: 512 * 1024 * 1024, minimum: 1024 }),
    help: 'Largest file or notebook that is opened in an editor. Larger ones can be downloaded.',
  },
  maxJsonValues: {
    schema: Type.Integer({ default: 8_000_000, minimum: 1000 }),
    help: 'Most values in a notebook that is opened or saved; bounds the memory that it takes. A list of lines or of numbers counts as one.',
  },
  maxCopyFolderMb: {
    schema: Type.Integer({ default: 500, minimum: 0 }),
    help: 'Largest folder that is copied.',
  },
  abandonUploadS: {
    schema: Type.Integer({ default: 3600, minimum: 1 }),
    help: 'An upload in parts that has got no further for this many seconds is given up.',
  },
  fileWorkers: {
    schema: Type.Integer({ default: 0, minimum: 0 }),
    help: 'Threads that read and write notebooks. 0: one a core, at least 2, at most 8.',
  },
  fileWorkerIdleS: {
    schema: Type.Integer({ default: 30, minimum: 1 }),
    help: 'A thread that had nothing to do for this many seconds ends.',
  },
  maxQueuedFileJobs: {
    schema: Type.Integer({ default: 512, minimum: 1 }),
    help: 'Requests that wait for a thread; more are refused with 503.',
  },
} as const;
