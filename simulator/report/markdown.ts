/** What the pages of the report are written with. */

/** A table; columns after the first are aligned right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), `| --- |${' ---: |'.repeat(head.length - 1)}`, ...rows.map(line)].join('\n')
}

function line(cells: readonly string[]): string {
  return `| ${cells.map(escaped).join(' | ')} |`
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|')
}

/** What stands where a run has not been made. */
export const ABSENT = '–'

/** To so many digits after the point; or the dash. */
export function decimals(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined || !Number.isFinite(value) ? ABSENT : value.toFixed(digits)
}

/** From ms to seconds, with three significant digits or to the second. */
export function secondsOf(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return ABSENT
  const sec = ms / 1000
  return sec >= 100 ? Math.round(sec).toLocaleString('en') : sec.toFixed(sec >= 10 ? 1 : 2)
}

export function wholeOf(value: number | null | undefined): string {
  return value === null || value === undefined ? ABSENT : Math.round(value).toLocaleString('en')
}

export function percentOf(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? ABSENT : `${(share * 100).toFixed(digits)}%`
}
