import { useDeferredValue, useState, type ReactNode } from "react";

import { matching } from "./search";
import "./table.css";

export interface Column<Row> {
  head: string;
  cell: (row: Row) => ReactNode;
}

/** Rows with a search above them; on a narrow screen each row is a card. */
export function Table<Row extends { id: string }>(props: {
  name: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  textOf: (row: Row) => string;
  empty: ReactNode;
}) {
  const { name, rows, columns, textOf, empty } = props;
  const [text, setText] = useState("");
  const found = matching(rows, useDeferredValue(text), textOf);
  if (rows.length === 0) return <p className="empty">{empty}</p>;
  return (
    <>
      <input
        type="search"
        aria-label={`Search ${name}`}
        placeholder={`Search ${name}`}
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      {found.length === 0 ? (
        <p className="empty">Nothing matches that search.</p>
      ) : (
        // the roles are said because a card's display would take them away
        <table role="table" aria-label={name}>
          <thead role="rowgroup">
            <tr role="row">
              {columns.map(({ head }) => (
                <th role="columnheader" key={head}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {found.map((row) => (
              <tr role="row" key={row.id}>
                {columns.map(({ head, cell }) => (
                  <td role="cell" key={head} data-head={head}>
                    <div>{cell(row)}</div>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
