-- name: copy_rows!
-- Many at once. The columns are those of services.emails.NewEmail, in its order.
copy emails (
    workspace_id, id, lane_id, sender_id, campaign_id, content_id, position, scheduled_at, due_at, to_address, to_name, recipients,
    recipient_count, variables, message_id
) from stdin (format binary);
