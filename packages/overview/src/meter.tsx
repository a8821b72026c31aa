import type { ReactElement } from 'react';

export interface MeterProps {
  /** Read out; shown only where `promised` is given. */
  readonly label: string;
  readonly used: number | undefined;
  readonly limit: number | undefined;
  /** What is kept, used or not. */
  readonly promised?: number | undefined;
  readonly inWords: (amount: number) => string;
}

/** From here on the bar warns. */
const nearlyFull = 0.85;

/** How much is used of how much: a bar where there is a limit, and always the numbers. */
export function Meter({ label, used, limit, promised, inWords }: MeterProps): ReactElement {
  const share = used !== undefined && limit ? Math.min(1, used / limit) : undefined;
  const kept = promised !== undefined && limit ? Math.min(1, promised / limit) : undefined;
  const text = textOf({ used, limit, inWords, nothing: promised === undefined ? '–' : 'not measured' });
  return (
    <div className={`pjo-meter${promised === undefined ? '' : ' pjo-large'}`}>
      {promised === undefined ? null : <span className="pjo-label">{label}</span>}
      <span className="pjo-text">{text}</span>
      {limit ? (
        <span
          className={`pjo-bar${share !== undefined && share >= nearlyFull ? ' pjo-full' : ''}`}
          role="meter"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round((share ?? 0) * 100)}
          aria-valuetext={text}
        >
          {kept === undefined ? null : <span className="pjo-kept" style={{ width: percent(kept) }} />}
          <span className="pjo-used" style={{ width: percent(share ?? 0) }} />
        </span>
      ) : null}
      {promised === undefined || !promised ? null : (
        <span className="pjo-soft">{inWords(promised)} promised</span>
      )}
    </div>
  );
}

function textOf({
  used,
  limit,
  inWords,
  nothing,
}: Pick<MeterProps, 'used' | 'limit' | 'inWords'> & { readonly nothing: string }): string {
  if (used === undefined) return limit ? `up to ${inWords(limit)}` : nothing;
  return limit ? `${inWords(used)} of ${inWords(limit)}` : inWords(used);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
