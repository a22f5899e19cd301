import { useWords } from "../language/words-context.tsx";

/** Says that something is on its way. */
export function Loading() {
  const { t } = useWords();
  return (
    <p className="loading" role="status">
      {t("home.loading")}
    </p>
  );
}
