"""Alembic's entry: runs on the connection that it is given, in that connection's transaction."""

from alembic import context

from lab_controller.database.schema import load_metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=load_metadata(),
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
