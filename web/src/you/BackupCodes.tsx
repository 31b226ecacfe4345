import { download } from "../ui/download";

/** Codes that are shown this once: each opens the account one time. */
export function BackupCodes(props: { codes: string[]; onClose: () => void }) {
  const { codes, onClose } = props;
  return (
    <div role="region" aria-label="Backup codes">
      <p>
        Keep these codes where only you find them. Each is good once, for the
        day when you have nothing else. They are not shown again.
      </p>
      <ul className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="actions">
        <button
          onClick={() =>
            download("stackyard-backup-codes.txt", `${codes.join("\n")}\n`)
          }
        >
          Download
        </button>
        <button className="primary" onClick={onClose}>
          I have kept them
        </button>
      </div>
    </div>
  );
}
