from tests.chaos.killer import Plan
from tests.chaos.run import Run, chaos


def test_nothing_acknowledged_is_lost_or_doubled_while_processes_die(tmp_path):
    plan = Plan(kills=6, flushes=1, broker_losses=1, every_seconds=2.5)
    run = Run(deliveries=500, plan=plan, rate=30, seed=20261123, load_seconds=80, settle_seconds=45)

    result = chaos(run, tmp_path)

    assert result.is_clean(), result
    assert result.jobs_dead == 0
