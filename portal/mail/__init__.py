"""Mail: the outbox, composing, and delivery by SMTP. Knows nothing of leads: a mail is about something opaque."""
