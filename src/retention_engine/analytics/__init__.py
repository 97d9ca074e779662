"""Numbers about experiments: is the split sound, how large is the effect, may one stop, how long must one wait.

Everything takes plain counts and sums and is computed anew each time. Some of it needs the extra ``analytics`` (scipy).
"""

from retention_engine.analytics.arms import Arm, Interval, Spend
from retention_engine.analytics.bootstrap import bootstrap
from retention_engine.analytics.cuped import Adjusted, cuped
from retention_engine.analytics.experiments import ENOUGH, Comparison, Effect, Verdict, compare
from retention_engine.analytics.intervals import clopper_pearson, fisher, newcombe, welch, wilson
from retention_engine.analytics.power import detectable, sample_size
from retention_engine.analytics.ratios import FLAG, SampleRatio, srm
from retention_engine.analytics.sequential import (
    STRENGTH,
    AlwaysValid,
    always_valid,
    log_evidence,
    spend_sequence,
    z_test,
)

__all__ = [
    "ENOUGH",
    "FLAG",
    "STRENGTH",
    "Adjusted",
    "AlwaysValid",
    "Arm",
    "Comparison",
    "Effect",
    "Interval",
    "SampleRatio",
    "Spend",
    "Verdict",
    "always_valid",
    "bootstrap",
    "clopper_pearson",
    "compare",
    "cuped",
    "detectable",
    "fisher",
    "log_evidence",
    "newcombe",
    "sample_size",
    "spend_sequence",
    "srm",
    "welch",
    "wilson",
    "z_test",
]
