import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { classes } from "@/lib/classes";
import type { Selection } from "./selection";
import { Skeleton } from "./states";

export interface Column<Row> {
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** The column's width and alignment from 768 px on, where rows are table rows. */
  readonly className?: string;
  readonly cellClass?: string;
  /** Where the cell stands in the card that a row becomes on a narrow screen. */
  readonly card?: "title" | "corner" | "line" | "meta";
  readonly hideHeader?: boolean;
}

interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[] | undefined;
  rowKey: (row: Row) => string;
  /** The page a row opens, and the words a screen reader says for it. */
  link: (row: Row) => Pick<LinkProps, "to" | "params">;
  linkLabel: (row: Row) => string;
  dimmed?: boolean;
  /** With it each row has a box (x on the keyboard, Shift for a span), and the head one for all. */
  selection?: Selection;
}

const CARD = {
  title: "order-1 basis-1/2 grow font-medium",
  corner: "order-2 ml-auto max-md:empty:hidden",
  line: "order-3 basis-full",
  meta: "order-4",
} as const;

/** A table whose rows open a page (Enter, click; j and k move). On a narrow screen each row is a card. */
export function Table<Row>({
  label,
  columns,
  rows,
  rowKey,
  link,
  linkLabel,
  dimmed,
  selection,
}: TableProps<Row>) {
  return (
    <table aria-label={label} aria-busy={rows === undefined} className="block w-full md:table md:table-fixed">
      <thead className="sr-only md:not-sr-only md:table-header-group">
        <tr className="border-line border-b">
          {selection && <SelectAll selection={selection} />}
          {columns.map((column) => (
            <th
              key={column.header}
              scope="col"
              className={classes(
                "px-3 py-2 text-left font-medium text-faint text-xs first:pl-4 last:pr-4",
                column.className,
              )}
            >
              {column.hideHeader ? <span className="sr-only">{column.header}</span> : column.header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className={classes("block transition-opacity md:table-row-group", dimmed && "opacity-60")}>
        {rows === undefined
          ? Array.from({ length: 8 }, (_, index) => `skeleton-${index}`).map((key) => (
              <tr
                key={key}
                className="block border-line border-b px-4 py-3 last:border-b-0 md:table-row md:px-0"
              >
                {selection && <td className="hidden md:table-cell" />}
                {columns.map((column) => (
                  <td key={column.header} className="block py-1 md:table-cell md:px-3 md:py-3 md:first:pl-4">
                    <Skeleton className="h-4 w-3/4" />
                  </td>
                ))}
              </tr>
            ))
          : rows.map((row) => (
              <tr
                key={rowKey(row)}
                className="group relative flex flex-wrap items-center gap-x-3 gap-y-1 border-line border-b px-4 py-3 last:border-b-0 hover:bg-raised/55 has-[a[data-row]:focus-visible]:bg-accent-wash/60 has-[input[data-select]:checked]:bg-accent-wash/60 md:table-row md:p-0"
              >
                {selection && (
                  <SelectRow selection={selection} id={rowKey(row)} label={`Select ${linkLabel(row)}`} />
                )}
                {columns.map((column, index) => (
                  <td
                    key={column.header}
                    className={classes(
                      "min-w-0 md:h-10.5 md:px-3 md:py-1.5 md:font-normal md:last:pr-4",
                      CARD[column.card ?? "line"],
                      index === 0 && !selection && "md:pl-4",
                      column.className,
                      column.cellClass,
                    )}
                  >
                    {index === 0 && (
                      <Link
                        {...link(row)}
                        data-row
                        aria-label={linkLabel(row)}
                        className="absolute inset-0 focus-visible:-outline-offset-2"
                      />
                    )}
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
      </tbody>
    </table>
  );
}

const BOX = "tick size-4";

function SelectAll({ selection }: { selection: Selection }) {
  const { all, some, setAll } = selection;
  return (
    <th scope="col" className="px-3 py-2 text-left md:w-10 md:pr-0 md:pl-4">
      <input
        type="checkbox"
        aria-label="Select all on this page"
        className={`${BOX} align-middle`}
        checked={all}
        ref={(box) => {
          if (box) box.indeterminate = some && !all;
        }}
        onChange={(event) => setAll(event.target.checked)}
      />
    </th>
  );
}

function SelectRow({ selection, id, label }: { selection: Selection; id: string; label: string }) {
  return (
    <td className="relative z-10 order-0 -my-2 -ml-4 md:my-0 md:w-10 md:p-0">
      <label className="flex cursor-pointer select-none items-center py-2 pr-1 pl-4 md:h-10.5 md:pr-2">
        <input
          type="checkbox"
          data-select
          aria-label={label}
          className={BOX}
          checked={selection.has(id)}
          onChange={(event) =>
            selection.toggle(id, (event.nativeEvent as unknown as { shiftKey?: boolean }).shiftKey === true)
          }
        />
      </label>
    </td>
  );
}
