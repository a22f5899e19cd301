import { useWords } from "../language/words-context.tsx";

/** The product's mark and name. */
export function Brand() {
  const { t } = useWords();
  return (
    <a className="brand" href="#/">
      <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="7" fill="#17406d" />
        <path d="M5 18h22l-3.2 6.2A3 3 0 0 1 21.1 26H10.9a3 3 0 0 1-2.7-1.800z" fill="#fff" />
        <path d="M15 5v10H8.5zM17 8v7h5.5z" fill="#8fc3ff" />
      </svg>
      <span>{t("app.name")}</span>
    </a>
  );
}
