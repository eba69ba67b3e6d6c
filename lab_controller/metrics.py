"""What the lab counts for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

MESSAGES = Counter("lab_bus_messages_total", "Messages taken from the bus and committed", ["handler"])
DEAD_LETTERS = Counter("lab_bus_dead_letters_total", "Messages that could not be stored", ["code"])
REFUSALS = Counter("lab_broker_refusals_total", "What the embedded broker refused", ["code"])
DROPPED = Counter("lab_broker_dropped_total", "Messages lost because a client's queue was full")
BROKER_UP = Gauge("lab_broker_connected", "1 while the hub is connected to its broker")
RECONNECTS = Counter("lab_broker_connections_total", "Times that the hub has connected to its broker")
BATCH = Histogram(
    "lab_hub_batch_messages", "Messages in one transaction", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
COMMIT = Histogram(
    "lab_hub_commit_seconds",
    "From taking a batch to its commit",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
)
READINGS = Counter("lab_readings_total", "Telemetry readings stored")
CLOCK_STEPS = Counter("lab_clock_steps_total", "Steps of the host clock that were noticed")
JOBS = Counter("lab_jobs_total", "Uploads that ended", ["state"])
JOB_SECONDS = Histogram(
    "lab_job_seconds",
    "From the order of an upload to its end",
    buckets=(0.5, 1, 2, 5, 10, 20, 60, 300, 3600),
)
CONSOLE_CHUNKS = Counter("lab_console_chunks_total", "Pieces of consoles stored")
