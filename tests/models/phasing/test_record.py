"""What a start writes down."""

from models.phasing.record import folded
from models.phasing.schedule import Schedule, parse


def test_repeated_groups_are_folded_and_mean_the_same():
    for text in ("3*(40 RAAR + SW) + 200 ER", "2*(10 HIO + SW + 5 ER + SW) + ML", "5 ER + 5 HIO + 5 ER"):
        text = text.replace("ML", "3 ML")
        schedule = parse(text)
        found = Schedule(folded(schedule.blocks))
        assert found.blocks == schedule.blocks
        assert str(found) == text
