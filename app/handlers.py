"""What each command does: the table's ids bound to the window and to the session that is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app import orders
from app.actions import Handler
from app.commands import CLASS_KEYS
from app.settings import save_settings

if TYPE_CHECKING:
    from app.denoising.presenter import DenoisePresenter
    from app.main_window import MainWindow
    from app.panes import Panes
    from app.phasing.controller import Phasing
    from app.phasing.presenter import PhasePresenter
    from app.session import RunSession
    from widgets.frame_view import FrameView


def handlers(window: MainWindow) -> dict[str, Handler]:
    """A handler for every command of the table."""
    table: dict[str, Handler] = {
        **_window_handlers(window),
        **_frame_handlers(window),
        **_label_handlers(window),
        **_inspect_handlers(window),
        **_view_handlers(window),
    }
    return table


def _with_session(window: MainWindow, action: Callable[[RunSession], object]) -> Callable[[], None]:
    """Call `action` with the open session; nothing happens while there is none."""

    def call() -> None:
        if window.session is not None:
            action(window.session)

    return call


def _asking(window: MainWindow, question: str) -> Callable[[], None]:
    """A function of `app.asking`, which is loaded when it is first needed: numpy can wait until the window is up."""

    def call() -> None:
        if window.session is not None:
            from app import asking

            getattr(asking, question)(window, window.session)

    return call


def _window_handlers(window: MainWindow) -> dict[str, Handler]:
    def set_embed_on_open(on: bool) -> None:
        window.settings.embed_on_open = on
        save_settings(window.settings)

    def with_session(action: Callable[[RunSession], object]) -> Callable[[], None]:
        return _with_session(window, action)

    def raise_dock(name: str) -> Callable[[], None]:
        return lambda: window.panes.raise_dock(name) if window.panes is not None else None

    return {
        "run.open": window.ask_file,
        "run.open_folder": window.ask_folder,
        "run.open_runs": lambda: window.run_table.ask(),
        "run.runs": window.show_runs,
        "run.open_demo": window.open_demo,
        "run.reload": window.reload,
        "run.close": window.close_run,
        "run.info": raise_dock("run"),
        "run.jobs": raise_dock("jobs"),
        "run.embed": with_session(lambda s: s.embedding.start()),
        "run.adapt": _asking(window, "adapt"),
        "run.embedding": _asking(window, "embeddings"),
        "run.statistics": _asking(window, "statistics"),
        "run.embed_on_open": set_embed_on_open,
        "run.export_selection": _asking(window, "export_of_selection"),
        "run.quit": lambda: (window.close(), None)[1],
        "help.keys": window.helper.show_keys,
        "help.palette": window.helper.show_palette,
        "help.log": window.helper.open_log,
        "help.about": window.helper.show_about,
    }


def _frame_handlers(window: MainWindow) -> dict[str, Handler]:
    def with_session(action: Callable[[RunSession], object]) -> Callable[[], None]:
        return _with_session(window, action)

    def page() -> int:
        return max(1, window.panes.filmstrip.page) if window.panes is not None else 1

    def play(on: bool) -> None:
        if window.session is not None:
            window.session.browser.play(on)

    def follow(on: bool) -> None:
        if window.session is not None:
            window.session.live.follow(on)

    def order(kind: str) -> Callable[[bool], None]:
        def set_order(_on: bool) -> None:
            if window.session is not None:
                window.session.set_order(kind)

        return set_order

    return {
        "frame.next": with_session(lambda s: s.browser.step(1)),
        "frame.previous": with_session(lambda s: s.browser.step(-1)),
        "frame.next_10": with_session(lambda s: s.browser.step(10)),
        "frame.previous_10": with_session(lambda s: s.browser.step(-10)),
        "frame.next_page": with_session(lambda s: s.browser.step(page())),
        "frame.previous_page": with_session(lambda s: s.browser.step(-page())),
        "frame.first": with_session(lambda s: s.browser.first()),
        "frame.last": with_session(lambda s: s.browser.last()),
        "frame.next_unlabelled": with_session(lambda s: s.seek_unlabelled(True)),
        "frame.previous_unlabelled": with_session(lambda s: s.seek_unlabelled(False)),
        "frame.next_suggestion": with_session(lambda s: s.next_suggestion()),
        "frame.previous_suggestion": with_session(lambda s: s.previous_suggestion()),
        "frame.random": with_session(lambda s: s.browser.random()),
        "frame.select_by_column": _asking(window, "column_to_select_by"),
        "frame.go_to": _asking(window, "go_to"),
        "frame.follow": follow,
        "frame.play": play,
        "frame.order_file": order(orders.FILE),
        "frame.order_time": order(orders.TIME),
        "frame.order_confidence": order(orders.CONFIDENCE),
        "frame.order_map": order(orders.MAP),
        "frame.order_selection": order(orders.SELECTION),
        "frame.order_column": _asking(window, "column_to_order_by"),
    }


def _label_handlers(window: MainWindow) -> dict[str, Handler]:
    def with_session(action: Callable[[RunSession], object]) -> Callable[[], None]:
        return _with_session(window, action)

    def give(number: int) -> Callable[[], None]:
        return with_session(lambda s: s.labels.give(number))

    def give_selection(number: int) -> Callable[[], None]:
        return with_session(lambda s: s.labels.give_selection(number))

    def annotator() -> None:
        from app.dialogs.annotator import AnnotatorDialog

        dialog = AnnotatorDialog(window.settings.annotator_name, window)
        dialog.chosen.connect(window.set_annotator)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def add_class() -> None:
        if window.panes is not None:
            window.panes.raise_dock("classes")
            window.panes.classes.add_class()

    def page_of_verdicts(name: str) -> Callable[[], None]:
        """Bring a page of the verdicts to the front."""

        def call() -> None:
            if window.panes is not None:
                window.panes.show_verdicts(name)

        return call

    def select_kept() -> None:
        if window.panes is not None:
            window.panes.trust_presenter.select_kept()

    def set_advance(on: bool) -> None:
        window.settings.auto_advance = on
        save_settings(window.settings)

    table: dict[str, Handler] = {
        "label.clear": with_session(lambda s: s.labels.clear()),
        "label.allow": with_session(lambda s: s.allow_labels()),
        "label.unsure": with_session(lambda s: s.labels.unsure()),
        "label.accept": with_session(lambda s: s.accept_verdict()),
        "label.accept_selection": with_session(lambda s: s.accept_selection()),
        "label.undo": with_session(lambda s: s.labels.undo()),
        "label.redo": with_session(lambda s: s.labels.redo()),
        "label.advance": set_advance,
        "label.add_class": add_class,
        "label.annotator": annotator,
        "label.classifier": _asking(window, "classifier"),
        "label.trust": page_of_verdicts("trust"),
        "label.keep": page_of_verdicts("keep"),
        "label.select_kept": select_kept,
        "label.import": _asking(window, "labels_to_import"),
        "label.export": _asking(window, "labels_to_export"),
    }
    for number in CLASS_KEYS:
        table[f"label.class_{number}"] = give(number)
        table[f"label.selection_{number}"] = give_selection(number)
    return table


def _inspect_handlers(window: MainWindow) -> dict[str, Handler]:
    def phasing(action: Callable[[Phasing], object]) -> Callable[[], None]:
        """Call `action` with the open run's phase retrieval."""
        return _with_session(window, lambda session: action(session.phasing))

    def presenter(action: Callable[[PhasePresenter], object]) -> Callable[[], None]:
        """Call `action` with what feeds the Phase pane; the pane comes up for it."""

        def call() -> None:
            if window.panes is not None and window.session is not None:
                action(window.panes.show_phase())

        return call

    def denoise(action: Callable[[DenoisePresenter], object]) -> Callable[[], None]:
        """Call `action` with what feeds the Denoise pane; the pane comes up for it."""

        def call() -> None:
            if window.panes is not None and window.session is not None:
                action(window.panes.denoise.show())

        return call

    def detector(page: str) -> Callable[[], None]:
        """Show a page of the Detector pane."""

        def call() -> None:
            if window.panes is not None and window.session is not None:
                window.panes.show_detector(page)

        return call

    def handoff(function: str) -> Callable[[], None]:
        """A function of `app.denoising.handoff`, loaded when it is first needed."""

        def call() -> None:
            if window.session is not None:
                from app.denoising import handoff

                getattr(handoff, function)(window, window.session)

        return call

    def adapting(function: str) -> Callable[[], None]:
        """A function of `app.denoising_adapting`."""

        def call() -> None:
            if window.session is not None:
                from app import denoising_adapting

                getattr(denoising_adapting, function)(window, window.session)

        return call

    return {
        "inspect.calibration": detector("calibration"),
        "inspect.geometry": detector("geometry"),
        "inspect.mask": detector("mask"),
        "inspect.save_treatment": _asking(window, "treatment_to_save"),
        "inspect.load_treatment": _asking(window, "treatment_to_load"),
        "inspect.treat_back": window.treat_back,
        "inspect.denoise": denoise(lambda p: p.denoise()),
        "inspect.denoise_frames": handoff("ask_frames"),
        "inspect.adapt_denoiser": adapting("ask"),
        "inspect.use_adapted_denoiser": adapting("use"),
        "inspect.phase_denoised": handoff("use_for_phasing"),
        "inspect.phase_counts": handoff("use_counts"),
        "inspect.reconstruct": presenter(lambda p: p.reconstruct_current()),
        "inspect.phase": presenter(lambda p: None),
        "inspect.pause": phasing(lambda p: p.pause()),
        "inspect.step": phasing(lambda p: p.step()),
        "inspect.stop": phasing(lambda p: p.stop()),
        "inspect.export_result": presenter(lambda p: p.export()),
        "inspect.repeat": phasing(lambda p: p.repeat()),
        "inspect.reconstruct_volume": presenter(lambda p: p.reconstruct(-1)),
    }


def _view_handlers(window: MainWindow) -> dict[str, Handler]:
    settings = window.settings

    def theme(name: str) -> Callable[[bool], None]:
        return lambda _on: window.set_theme(name)

    def frame(action: Callable[[FrameView], object]) -> Callable[[], None]:
        """Call `action` with the frame view."""

        def call() -> None:
            if window.panes is not None:
                action(window.panes.frame_view)

        return call

    def switch(action: Callable[[Panes, bool], object], setting: str = "") -> Callable[[bool], None]:
        """Call `action` with the panes and the new state, which is remembered in `setting` where that is given."""

        def call(on: bool) -> None:
            if setting:
                setattr(settings, setting, on)
                save_settings(settings)
            if window.panes is not None:
                action(window.panes, on)

        return call

    def scaling(name: str) -> Callable[[bool], None]:
        return switch(lambda p, _on: p.frame_presenter.set_scaling(name))

    def lasso() -> None:
        if window.panes is not None:
            window.panes.raise_dock("map")
            window.panes.map_view.toggle_lasso()

    def escape() -> None:
        if window.panes is not None and window.session is not None and not window.panes.map_view.escape():
            window.session.browser.select(())

    return {
        "view.cycle_scaling": frame(lambda view: view.cycle_scaling()),
        "view.scaling_linear": scaling("linear"),
        "view.scaling_sqrt": scaling("sqrt"),
        "view.scaling_log": scaling("log"),
        "view.scaling_arcsinh": scaling("arcsinh"),
        "view.auto_levels": switch(lambda p, on: p.frame_view.set_auto_levels(on)),
        "view.cycle_colour_map": frame(lambda view: view.cycle_colour_map()),
        "view.fit": frame(lambda view: view.fit()),
        "view.mask": switch(lambda p, on: p.frame_view.set_mask_shown(on), "show_mask"),
        "view.rings": switch(lambda p, on: p.frame_view.set_rings_shown(on), "show_rings"),
        "view.thumbnails": switch(lambda p, on: p.filmstrip.setVisible(on), "show_thumbnails"),
        "view.pca": _with_session(window, lambda s: s.layout.use_pca()),
        "view.umap": _asking(window, "umap"),
        "view.lasso": lasso,
        "view.clear_selection": escape,
        "view.theme_system": theme("system"),
        "view.theme_light": theme("light"),
        "view.theme_dark": theme("dark"),
        "view.verdicts_apart": switch(lambda p, on: p.set_verdicts_apart(on)),
        "view.denoise_apart": switch(lambda p, on: p.denoise.set_apart(on)),
        "view.phase_apart": switch(lambda p, on: p.set_phase_apart(on)),
        "view.detector_apart": switch(lambda p, on: p.detector.set_apart(on)),
        "view.full_screen": window.set_full_screen,
        "view.reset_layout": window.reset_layout,
    }
