import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { classes } from "@/lib/classes";
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
}

const CARD = {
  title: "order-1 basis-1/2 grow font-medium",
  corner: "order-2 ml-auto empty:hidden",
  line: "order-3 basis-full",
  meta: "order-4",
} as const;

/** A table whose rows open a page (Enter, click; j and k move). On a narrow screen each row is a card. */
export function Table<Row>({ label, columns, rows, rowKey, link, linkLabel, dimmed }: TableProps<Row>) {
  return (
    <table aria-label={label} aria-busy={rows === undefined} className="block w-full md:table md:table-fixed">
      <thead className="sr-only md:not-sr-only md:table-header-group">
        <tr className="border-line border-b">
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
                className="group relative flex flex-wrap items-center gap-x-3 gap-y-1 border-line border-b px-4 py-3 last:border-b-0 hover:bg-raised/55 has-[a[data-row]:focus-visible]:bg-accent-wash/60 md:table-row md:p-0"
              >
                {columns.map((column, index) => (
                  <td
                    key={column.header}
                    className={classes(
                      "min-w-0 md:h-10.5 md:px-3 md:py-1.5 md:font-normal md:last:pr-4",
                      CARD[column.card ?? "line"],
                      index === 0 && "md:pl-4",
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
