"""The frame view on screen."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.widgets.frame.views import LINEAR
from widgets.frame_view import FrameView


@pytest.fixture
def view(qtbot: QtBot) -> FrameView:
    made = FrameView(LINEAR)
    qtbot.addWidget(made)
    made.resize(500, 560)
    made.show()
    return made
