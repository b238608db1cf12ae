"""The small database: one writer, models, migrations and one module of queries per noun."""
