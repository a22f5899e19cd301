import MoonOutlined from "@ant-design/icons/MoonOutlined";
import SunOutlined from "@ant-design/icons/SunOutlined";
import { Button, Segmented } from "antd";
import { LANGUAGES } from "../language/language.ts";
import { useWords } from "../language/words-context.tsx";
import { usePreferences } from "../preferences/preferences-context.tsx";

/** The choice of the language and of a light or dark page. */
export function PreferenceButtons() {
  const { t } = useWords();
  const { language, appearance, choose } = usePreferences();
  const other = appearance === "dark" ? "light" : "dark";
  const label = t(`appearance.to-${other}`);
  return (
    <div className="preferences">
      <Segmented
        size="small"
        aria-label={t("language.label")}
        value={language}
        options={LANGUAGES.map((value) => ({ value, label: t(`language.${value}`) }))}
        onChange={(value) => choose({ language: value })}
      />
      <Button
        type="text"
        aria-label={label}
        title={label}
        icon={other === "dark" ? <MoonOutlined /> : <SunOutlined />}
        onClick={() => choose({ appearance: other })}
      />
    </div>
  );
}
