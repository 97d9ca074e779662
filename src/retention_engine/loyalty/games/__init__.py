"""Games: achievements, missions, badges, leaderboards, streaks, quizzes, polls and raffles; arithmetic on plain inputs.

Nothing here is ever run: where a customer stands follows from what happened and from the time.
"""

from retention_engine.loyalty.games.achievements import (
    Completion,
    Instance,
    Mark,
    Progress,
    Standing,
    instances,
    rewards,
    standing,
    standing_steps,
)
from retention_engine.loyalty.games.awards import Award, Badge, Entrant, Row, award, leaderboard
from retention_engine.loyalty.games.goals import Activation, Goal, Recurrence
from retention_engine.loyalty.games.missions import (
    Mission,
    MissionStanding,
    Stage,
    mission_rewards,
    mission_standing,
    mission_steps,
    unfold,
)
from retention_engine.loyalty.games.opening import Opening, reward_key
from retention_engine.loyalty.games.polls import NetPromoter, Poll, Tally, net_promoter, tally, votes
from retention_engine.loyalty.games.proofs import proof, rules_digest, verify_proof
from retention_engine.loyalty.games.quizzes import Attempt, Question, Quiz, attempt
from retention_engine.loyalty.games.raffles import (
    Draw,
    Raffle,
    Tickets,
    Win,
    commitment,
    draw,
    draw_seed,
    ranking,
)
from retention_engine.loyalty.games.streaks import (
    Course,
    Gap,
    Pulse,
    Rhythm,
    Zones,
    course,
    length_steps,
    pulse_steps,
    risk_steps,
)

__all__ = [
    "Activation",
    "Attempt",
    "Award",
    "Badge",
    "Completion",
    "Course",
    "Draw",
    "Entrant",
    "Gap",
    "Goal",
    "Instance",
    "Mark",
    "Mission",
    "MissionStanding",
    "NetPromoter",
    "Opening",
    "Poll",
    "Progress",
    "Pulse",
    "Question",
    "Quiz",
    "Raffle",
    "Recurrence",
    "Rhythm",
    "Row",
    "Stage",
    "Standing",
    "Tally",
    "Tickets",
    "Win",
    "Zones",
    "attempt",
    "award",
    "commitment",
    "course",
    "draw",
    "draw_seed",
    "instances",
    "leaderboard",
    "length_steps",
    "mission_rewards",
    "mission_standing",
    "mission_steps",
    "net_promoter",
    "proof",
    "pulse_steps",
    "ranking",
    "reward_key",
    "rewards",
    "risk_steps",
    "rules_digest",
    "standing",
    "standing_steps",
    "tally",
    "unfold",
    "verify_proof",
    "votes",
]
