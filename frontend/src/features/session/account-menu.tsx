import { ChevronDown, LogOut, Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";
import type { User } from "@/api/types";
import { type Theme, useTheme } from "@/lib/theme";
import { Avatar } from "@/ui/avatar";
import { Menu, MenuItem } from "@/ui/menu";
import { toast } from "@/ui/toast";
import { useSignOut } from "./queries";
import { CreateWorkspace, WorkspaceChoice } from "./workspace-choice";

const THEMES: readonly { value: Theme; label: string; icon: typeof Sun }[] = [
  { value: "system", label: "Like the system", icon: Monitor },
  { value: "light", label: "Light", icon: Sun },
  { value: "dark", label: "Dark", icon: Moon },
];

interface AccountMenuProps {
  user: User;
  confined: boolean;
}

export function AccountMenu({ user, confined }: AccountMenuProps) {
  const [theme, setTheme] = useTheme();
  const signOut = useSignOut();
  const [creating, setCreating] = useState(false);
  return (
    <>
      <Menu
        label={`Account of ${[user.name, user.email].filter(Boolean).join(" ")}`}
        className="flex items-center gap-2.5 rounded-md py-1 pr-1.5 pl-1 text-left hover:bg-raised"
        trigger={
          <>
            <Avatar name={user.name} email={user.email} url={user.avatar_url} />
            <span className="hidden min-w-0 leading-tight md:block">
              <span className="block max-w-44 truncate font-medium text-[0.8125rem]">
                {user.name || user.email}
              </span>
              {user.name && <span className="block max-w-44 truncate text-faint text-xs">{user.email}</span>}
            </span>
            <ChevronDown className="size-3.5 text-faint" aria-hidden />
          </>
        }
      >
        <div className="border-line border-b px-2.5 pt-1.5 pb-2.5">
          <p className="truncate font-medium">{user.name || user.email}</p>
          <p className="truncate text-faint text-xs">{user.email}</p>
        </div>
        <WorkspaceChoice confined={confined} onCreate={() => setCreating(true)} />
        <div className="border-line border-b py-1">
          {THEMES.map(({ value, label, icon: Icon }) => (
            <MenuItem
              key={value}
              checked={theme === value}
              icon={<Icon className="size-4" aria-hidden />}
              onSelect={() => setTheme(value)}
            >
              {label}
            </MenuItem>
          ))}
        </div>
        <div className="pt-1">
          <MenuItem
            icon={<LogOut className="size-4" aria-hidden />}
            onSelect={() =>
              signOut.mutate(false, { onError: (error) => toast.error("Could not sign out", error) })
            }
          >
            Sign out
          </MenuItem>
        </div>
      </Menu>
      {creating && <CreateWorkspace onClose={() => setCreating(false)} />}
    </>
  );
}
