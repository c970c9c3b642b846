/**
 * What SECURITY.md says of how this client is told from C tor: the rows of its table.
 *
 * @module
 */

/** The second column of that table. */
export function toldApart(markdown: string): string[] {
  const section = /^## What tells this client from C tor\n([^]*?)^## /m.exec(markdown)?.[1] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) => row.split('|')[2]?.trim() ?? '')
}
