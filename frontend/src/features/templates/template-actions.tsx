import { Copy, PenLine, Trash2 } from "lucide-react";
import { useState } from "react";
import type { Template } from "@/api/types";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { toast } from "@/ui/toast";
import { useDeleteTemplate, useDuplicateTemplate } from "./queries";

interface TemplateActionsProps {
  template: Template;
  onUse: () => void;
  onCopied: (copy: Template) => void;
  onDeleted: () => void;
}

export function TemplateActions({ template, onUse, onCopied, onDeleted }: TemplateActionsProps) {
  const [asking, setAsking] = useState(false);
  const duplicate = useDuplicateTemplate();
  const remove = useDeleteTemplate();
  return (
    <>
      <Button
        variant="quiet"
        icon={<Trash2 className="size-4" aria-hidden />}
        onClick={() => setAsking(true)}
      >
        Delete
      </Button>
      <Button
        icon={<Copy className="size-4" aria-hidden />}
        busy={duplicate.isPending}
        onClick={() =>
          duplicate.mutate(template.id, {
            onSuccess: onCopied,
            onError: (error) => toast.error("Could not copy the template", error),
          })
        }
      >
        Copy
      </Button>
      <Button icon={<PenLine className="size-4" aria-hidden />} onClick={onUse}>
        Use in Compose
      </Button>
      {asking && (
        <Confirm
          title="Delete this template?"
          message={`Programs that send by ${template.name} are refused from now on. Messages that were taken stay as they are.`}
          action="Delete template"
          busy={remove.isPending}
          onConfirm={() =>
            remove.mutate(template.id, {
              onSuccess: () => {
                toast.done("Template deleted", template.name);
                onDeleted();
              },
              onError: (error) => toast.error("Could not delete the template", error),
              onSettled: () => setAsking(false),
            })
          }
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
