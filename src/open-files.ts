/** Of all files that the process may open, so much is kept for ffmpeg's pipes, for files, and for connections that are only told that there is no room. */
const keptShare = 0.25;

/** How many files, sockets and pipes this process may have open at a time; undefined where the system does not say. */
export function openFilesLimit(): number | undefined {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const limit = report.userLimits?.open_files?.soft;
  return typeof limit === 'number' ? limit : undefined;
}

export interface FittingConnections {
  readonly maxConnections: number;
  /** What the operator should know, when it is fewer than were asked for. */
  readonly warning: string | undefined;
}

/** @param asked MAX_CONNECTIONS */
export function fittingConnections(asked: number, openFiles: number | undefined): FittingConnections {
  if (openFiles === undefined || asked <= Math.floor(openFiles * (1 - keptShare))) return { maxConnections: asked, warning: undefined };
  const maxConnections = Math.max(1, Math.floor(openFiles * (1 - keptShare)));
  const needed = Math.ceil(asked / (1 - keptShare));
  return {
    maxConnections,
    warning:
      `MAX_CONNECTIONS is ${asked}, but this process may open ${openFiles} files, so ${maxConnections} connections are taken. ` +
      `Allow it ${needed} ("ulimit -n ${needed}"; systemd: LimitNOFILE=${needed}; Docker: --ulimit nofile=${needed}), or lower MAX_CONNECTIONS.`,
  };
}
