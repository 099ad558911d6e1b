/** One measured thing beside its reference, and whether it keeps its bound. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  /** The reference, measured in the same run. */
  readonly beside: string;
  /** What the bound is about, in words, e.g. `1.32 ×`. */
  readonly value: string;
  readonly bound: string;
  readonly holds: boolean;
}

export interface Amount {
  readonly amount: number;
  readonly unit: string;
  /** Name of the reference, or a remark on what was measured. */
  readonly note?: string;
}

/** Bounds on `measured / beside`, if there are any. */
export function ratioFigure({ what, measured, beside, atMost, atLeast }: { what: string; measured: Amount; beside: Amount; atMost?: number | undefined; atLeast?: number }): Figure {
  const ratio = measured.amount / beside.amount;
  return {
    what,
    measured: describe(measured),
    beside: describe(beside),
    value: `${ratio.toFixed(2)} ×`,
    bound: atMost !== undefined ? `≤ ${String(atMost)} ×` : atLeast !== undefined ? `≥ ${String(atLeast)} ×` : '',
    holds: (atMost === undefined || ratio <= atMost) && (atLeast === undefined || ratio >= atLeast),
  };
}

/** Bound on `measured` itself; the reference only gives the scale. */
export function amountFigure(options: { what: string; measured: Amount; beside?: Amount; atMost?: number }): Figure {
  const { what, measured, beside, atMost } = options;
  return {
    what,
    measured: describe(measured),
    beside: beside ? describe(beside) : '',
    value: `${short(measured.amount)} ${measured.unit}`,
    bound: atMost === undefined ? '' : `≤ ${String(atMost)} ${measured.unit}`,
    holds: atMost === undefined || measured.amount <= atMost,
  };
}

/** Bound on `measured − beside`. */
export function differenceFigure({ what, measured, beside, atMost }: { what: string; measured: Amount; beside: Amount; atMost: number }): Figure {
  const difference = measured.amount - beside.amount;
  const sign = difference < 0 ? '−' : '+';
  return {
    what,
    measured: describe(measured),
    beside: describe(beside),
    value: `${sign}${short(Math.abs(difference))} ${measured.unit}`,
    bound: `≤ +${String(atMost)} ${measured.unit}`,
    holds: difference <= atMost,
  };
}

/** The figures as a table that is both Markdown and readable in a terminal. */
export function formatTable(figures: readonly Figure[]): string {
  return formatRows([
    ['figure', 'measured', 'beside', 'value', 'bound', ''],
    ...figures.map(({ what, measured, beside, value, bound, holds }) => [what, measured, beside, value, bound, bound === '' ? '' : holds ? 'holds' : 'BROKEN']),
  ]);
}

/** Rows of cells, the first of them the heads. */
export function formatRows(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[], pad: string): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!, pad)).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head!, ' '), line(widths.map(() => ''), '-'), ...body.map((row) => line(row, ' '))].join('\n');
}

function describe({ amount, unit, note }: Amount): string {
  return `${short(amount)} ${unit}${note === undefined ? '' : ` (${note})`}`;
}

function short(amount: number): string {
  if (!Number.isFinite(amount)) return String(amount);
  const size = Math.abs(amount);
  return amount.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4);
}
