import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { PRESETS, SECURITIES } from "./form-state";
import type { SectionProps } from "./sender-form";

export function ServerFields({ fields, change, errorAt, saved }: SectionProps & { saved: boolean }) {
  return (
    <fieldset>
      <legend className="mb-3 font-semibold text-[0.8125rem]">Server</legend>
      <div className="mb-4 flex flex-wrap items-center gap-1.5">
        <span className="mr-1 text-[0.8125rem] text-faint">Fill in for</span>
        {PRESETS.map(({ label, ...server }) => (
          <Button key={label} size="sm" onClick={() => change(server)}>
            {label}
          </Button>
        ))}
      </div>
      <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_6rem_11rem]">
        <Field label="SMTP host" error={errorAt("host")}>
          {(ids) => (
            <Input
              {...ids}
              autoComplete="off"
              placeholder="smtp.example.com"
              value={fields.host}
              onChange={(event) => change({ host: event.target.value })}
            />
          )}
        </Field>
        <Field label="Port" error={errorAt("port")}>
          {(ids) => (
            <Input
              {...ids}
              inputMode="numeric"
              value={fields.port}
              onChange={(event) => change({ port: event.target.value })}
            />
          )}
        </Field>
        <Field label="Security" error={errorAt("security")}>
          {(ids) => (
            <Select
              {...ids}
              value={fields.security}
              onChange={(event) =>
                change({
                  security: SECURITIES.find(({ value }) => value === event.target.value)?.value ?? "starttls",
                })
              }
            >
              {SECURITIES.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      <div className="mt-4 grid gap-4 sm:grid-cols-2">
        <Field label="User name" hint="Empty: the server wants no sign-in." error={errorAt("username")}>
          {(ids) => (
            <Input
              {...ids}
              autoComplete="off"
              value={fields.username}
              onChange={(event) => change({ username: event.target.value })}
            />
          )}
        </Field>
        <Field
          label="Password"
          hint={saved ? "Empty: keep the saved one." : "Kept encrypted; never shown again."}
          error={errorAt("password")}
        >
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="new-password"
              value={fields.password}
              onChange={(event) => change({ password: event.target.value })}
            />
          )}
        </Field>
      </div>
    </fieldset>
  );
}
