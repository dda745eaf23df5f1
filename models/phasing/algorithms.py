"""The projection algorithms, as one formula with five coefficients each.

With p = P_M x (the iterate x with the measured moduli) and P_S the projection onto the object's constraints, every
algorithm here but DM is

    x ← weight·P_S(point_p·p + point_x·x) + keep_x·x + keep_p·p

so that one pass does any of them: all but P_S is linear, and acts on the transforms of x and p alike. The iterate of
HIO, RAAR, DM and RRR is no object; the object they stand for is P_S P_M x, which is what states, previews and results
show.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import BadParameter


@dataclass(frozen=True, slots=True)
class Update:
    """One algorithm's step in object space.

    Attributes:
        point_p, point_x, weight, keep_x, keep_p: the coefficients of the formula above.
        feedback: Fienup's β: then a pixel keeps p where p itself meets every constraint, and becomes x − β·p where
            it does not. (With the support as the only constraint that is the formula too, and the coefficients are
            those.)
        second: γ of DM's other branch: then β·P_M((1 + γ)·P_S x − γ·x) is subtracted besides, which takes
            another pair of transforms. None: the algorithm needs one pair only.
    """

    point_p: float
    point_x: float
    weight: float
    keep_x: float
    keep_p: float
    feedback: float | None = None
    second: float | None = None


ERROR_REDUCTION = Update(1.0, 0.0, 1.0, 0.0, 0.0)


def update(algorithm: str, beta: float) -> Update:
    """The step of an algorithm.

    - ER, error reduction (Gerchberg and Saxton 1972, Fienup 1982): P_S p.
    - HIO, hybrid input-output (Fienup 1982): p where it meets the constraints, x − β·p elsewhere.
    - RAAR, relaxed averaged alternating reflections (Luke 2005): β/2·(R_S R_M + 1)x + (1 − β)·p with R = 2P − 1.
    - DM, difference map (Elser 2003): x + β·(P_S f_M x − P_M f_S x), f_i = (1 + γ_i)·P_i − γ_i, with the
      published γ_M = 1/β and γ_S = −1/β. At β = 1 f_S is the identity and one pair of transforms does.
    - RRR, relaxed reflect-reflect (Elser 2018): x + β·(P_S(2p − x) − p).

    Raises:
        BadParameter: for an unknown algorithm, or DM with β = 0, where it is not defined.
    """
    if algorithm == "ER":
        return ERROR_REDUCTION
    if algorithm == "HIO":
        return Update(1.0 + beta, -1.0, 1.0, 1.0, -beta, feedback=beta)
    if algorithm in ("RAAR", "TWIN"):
        return Update(2.0, -1.0, beta, beta, 1.0 - 2.0 * beta)
    if algorithm == "RRR":
        return Update(2.0, -1.0, beta, 1.0, -beta)
    if algorithm == "DM":
        if beta == 0.0:
            raise BadParameter("beta of DM is 0", cause="its steps are multiples of beta", hint="try 0.9")
        if beta == 1.0:
            return Update(2.0, -1.0, 1.0, 1.0, -1.0)
        return Update(1.0 + 1.0 / beta, -1.0 / beta, beta, 1.0, 0.0, second=-1.0 / beta)
    raise BadParameter(f"there is no projection algorithm {algorithm!r}", hint="use ER, HIO, RAAR, DM or RRR")
