"""The platform at work: schedules, automation, alerts, freshness, lost runs."""
