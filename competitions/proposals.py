"""What a run would count for now, put before the judge."""

from competitions.disciplines.discipline import Discipline
from competitions.errors import ExpressionError
from competitions.events import GateFault, ResultProposed
from competitions.run_states import RunState
from competitions.scoring import score


def propose(
    discipline: Discipline, state: RunState, method: str, reason: str = ""
) -> tuple[ResultProposed, ...]:
    """A proposal from what the run has measured; nothing when the same one is before the judge already.

    Raises ExpressionError.
    """
    result = score(discipline, state.measured)
    proposed = ResultProposed(state.run, result, method, state.measured.declared, reason)
    same = (state.proposal, state.method, state.reason) == (result, method, reason)
    return () if state.phase == "proposed" and same else (proposed,)


def propose_or_fault(
    discipline: Discipline, state: RunState
) -> tuple[ResultProposed, ...] | tuple[GateFault, ...]:
    """A proposal from the gates; what cannot be computed is told, and the passage is kept all the same."""
    try:
        return propose(discipline, state, "gate")
    except ExpressionError as error:
        return (GateFault(state.run, error.code, error.params),)
