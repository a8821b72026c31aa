/** What the file operations need to know; goes with every job to a worker, so plain data. */
export interface DiskSettings {
  /** Absolute, without a slash at the end (but for `/`). */
  readonly root: string;
  readonly allowHidden: boolean;
  readonly hideGlobs: readonly string[];
  readonly followLinksOutside: boolean;
  readonly deleteToTrash: boolean;
  readonly alwaysDeleteDir: boolean;
  readonly useFsync: boolean;
  readonly maxContentBytes: number;
  /** Values of a JSON text: bounds the memory of a worker. */
  readonly maxJsonValues: number;
  readonly maxCopyFolderMb: number;
  readonly abandonUploadS: number;
  /** Jupyter's data folder: the key and the records of trust. Undefined: nothing is trusted, nothing recorded. */
  readonly dataDir: string | undefined;
  /** The trash of the home folder (`$XDG_DATA_HOME/Trash`). */
  readonly trashDir: string;
}
