"""The migrations, as SQL files named `NNN_words.sql`; an applied one is never edited."""
