"""A workflow in a file of its own: the sandbox imports the file anew, and a second asyncpg crashes Python."""

from datetime import timedelta

from temporalio import workflow


@workflow.defn(name="ThirtyDays")
class ThirtyDays:
    """Waits for thirty days of its own clock."""

    @workflow.run
    async def run(self) -> int:
        """How many days went by."""
        start = workflow.now()
        await workflow.sleep(timedelta(days=30))
        return (workflow.now() - start).days
