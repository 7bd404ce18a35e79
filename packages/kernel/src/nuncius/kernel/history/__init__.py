"""What was typed, in this session and before: kept in SQLite, written behind the person's back, never in their way."""
