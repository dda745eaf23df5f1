"""Keeps the middle of the window in step with the open run: frame, header, filmstrip, and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal

from app import orders
from app.frame_page import FramePage
from app.live import ENDED, LIVE, PATIENCE_S, QUIET
from app.profiles import Profile
from app.session import RunSession
from models.display import DisplaySettings, Picture, Scaling
from models.errors import FriedelError


class FramePresenter(QObject):
    """Shows one session's frames at a time; the page itself outlives the sessions."""

    display_changed = pyqtSignal()
    """scaling, levels or colour map changed, by key or by mouse"""

    def __init__(self, page: FramePage, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._page = page
        self._session: RunSession | None = None
        page.frame_view.picture_wanted.connect(self._prepare_anew)
        page.frame_view.settings_changed.connect(self._settings_changed)
        page.frame_view.profile_action.toggled.connect(lambda _on: self._profile())
        page.filmstrip.frame_chosen.connect(self._call(lambda s, index: s.browser.go_to(index)))
        page.filmstrip.thumbnails_wanted.connect(self._call(lambda s, indices: s.frames.want_thumbnails(indices)))
        page.header.follow_toggled.connect(self._call(lambda s, on: s.live.follow(on)))
        page.header.order_chosen.connect(self._call(lambda s, kind: s.set_order(kind)))

    def show_session(self, session: RunSession | None) -> None:
        """Show an open run from now on; None clears everything."""
        self._session = session
        page = self._page
        page.filmstrip.clear()
        page.header.show_live("")
        if session is None:
            page.frame_view.show_message("Open a run to see its frames here.", "No frame")
            return
        session.frames.picture_ready.connect(self._show_picture)
        session.frames.unreadable.connect(self._show_unreadable)
        session.frames.stale_changed.connect(page.frame_view.set_stale)
        session.frames.thumbnail_ready.connect(page.filmstrip.set_thumbnail)
        session.frames.thumbnail_failed.connect(page.filmstrip.set_unreadable)
        session.profiler.ready.connect(self._show_profile)
        session.browser.index_changed.connect(self._show_place)
        session.browser.order_changed.connect(self._show_order)
        session.browser.grew.connect(self._show_growth)
        session.live.changed.connect(self._show_live)
        session.live.hanging.connect(self._show_hanging)
        session.labels.changed.connect(self._show_labels)
        session.labels.classes_changed.connect(self._show_labels)
        session.classifier.judged.connect(self._show_verdicts)
        session.availability_changed.connect(self._show_orders)

        run = session.run
        page.frame_view.show_message("Reading the first frame…", "")
        page.frame_view.set_unit(run.unit)
        page.frame_view.set_geometry_readout(session.geometry_readout())
        rings, centre = session.rings()
        page.frame_view.set_rings(rings, centre)
        page.frame_view.set_settings(session.display)
        self.display_changed.emit()
        page.frame_view.set_view_box(session.view_box)
        page.filmstrip.set_colour_map(session.display.colour_map)
        self._show_live()
        self._show_order(session.browser.order)
        self._show_labels()
        self._show_verdicts()
        self._show_place(session.browser.index)

    # -- from the session ------------------------------------------------------------------------------------------

    def _show_picture(self, picture: Picture) -> None:
        if self._session is not None and picture.index == self._session.browser.index:
            self._page.frame_view.show_picture(picture)
            self._profile()

    def _profile(self) -> None:
        """Have the frame on screen averaged over rings while its profile is looked at."""
        view = self._page.frame_view
        if self._session is not None and view.profile_action.isChecked() and view.picture is not None:
            self._session.profiler.want(view.picture.frame)

    def _show_profile(self, profile: Profile) -> None:
        unit = f" ({self._session.run.unit})" if self._session is not None and self._session.run.unit else ""
        self._page.frame_view.set_profile(profile.position, profile.mean, profile.label, f"mean{unit}")

    def _show_unreadable(self, index: int, error: FriedelError) -> None:
        if self._session is not None and index == self._session.browser.index:
            self._page.frame_view.show_unreadable(error.sentence())

    def _show_place(self, index: int) -> None:
        if self._session is None:
            return
        run = self._session.run
        self._page.header.show_place(index, len(run), "" if run.events is None else run.events[index])
        self._page.filmstrip.set_current(index)
        self._show_words()

    def _show_growth(self) -> None:
        """More frames came: whatever counts them, without moving what is looked at."""
        session = self._session
        if session is None:
            return
        self._page.filmstrip.extend(session.browser.walk.sequence, session.browser.walk.ranks)
        self._show_labels()
        self._show_verdicts()
        self._show_place(session.browser.index)

    def _show_live(self) -> None:
        """Whether frames are coming, how fast, and whether the newest is shown."""
        session = self._session
        if session is None:
            return
        live = session.live
        words = {
            LIVE: f"live · +{live.rate:.3g}/s" if live.rate else "live",
            QUIET: f"no new frame for {live.quiet_s:.0f} s",
            ENDED: "writing ended",
        }.get(live.state, "")
        self._page.header.show_live(words, coming=live.state == LIVE, can_follow=live.growing, follows=live.follows)

    def _show_hanging(self, what: str) -> None:
        session = self._session
        if what and session is not None and session.frames.waiting:
            self._page.frame_view.show_message(
                f"{what[:1].upper()}{what[1:]} of {session.run.name} has been read for {PATIENCE_S:.0f} s.\n"
                "It is shown as soon as it comes.",
                "The disk does not answer",
            )

    def _show_words(self) -> None:
        """Label and verdict of the frame on screen."""
        session = self._session
        if session is None:
            return
        index = session.browser.index
        styles = session.labels.styles()
        code = int(session.labels.codes[index])
        self._page.header.show_label(styles[code] if code >= 0 else None, unsure=code == -2)
        name, confidence = session.verdict_of(index)
        self._page.header.show_verdict(next((s for s in styles if s.id == name), None), confidence)

    def _show_labels(self) -> None:
        if self._session is not None:
            self._page.filmstrip.set_labels(self._session.labels.codes, self._session.labels.styles())
            self._show_words()

    def _show_verdicts(self) -> None:
        session = self._session
        if session is None:
            return
        codes, confidence = session.verdict_codes()
        self._page.filmstrip.set_verdicts(codes, confidence)
        self._show_words()

    def _show_order(self, _kind: str) -> None:
        if self._session is not None:
            walk = self._session.browser.walk
            self._page.filmstrip.set_order(walk.sequence, walk.ranks)
            self._page.filmstrip.set_current(self._session.browser.index)
            self._show_orders()

    def _show_orders(self) -> None:
        session = self._session
        if session is None:
            return
        choices = [(kind, orders.TITLES[kind]) for kind in session.possible_orders()]
        choices += session.column_orders()
        self._page.header.set_orders(choices, session.browser.order)

    # -- from the views --------------------------------------------------------------------------------------------

    def _prepare_anew(self, settings: DisplaySettings) -> None:
        if self._session is not None:
            self._session.frames.set_display(settings)

    def _settings_changed(self, settings: DisplaySettings) -> None:
        if self._session is not None:
            self._session.display = settings
        self._page.filmstrip.set_colour_map(settings.colour_map)
        self.display_changed.emit()

    def set_scaling(self, name: str) -> None:
        self._page.frame_view.set_scaling(Scaling(name))

    def _call(self, action: Callable[..., object]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            if self._session is not None:
                action(self._session, *arguments)

        return call
