import type { ReactNode } from "react";

/** One thing that holds for the account: what it is now, why, and how to change it. */
export function Setting(props: {
  title: string;
  now?: string;
  about: string;
  children: ReactNode;
}) {
  const { title, now, about, children } = props;
  return (
    <section className="panel" aria-label={title}>
      <div className="bar">
        <h2>{title}</h2>
        {now && <span className="state busy">{now}</span>}
      </div>
      <p className="muted">{about}</p>
      <div className="actions">{children}</div>
    </section>
  );
}
