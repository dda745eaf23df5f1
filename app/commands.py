"""The one table of commands.

Menus, shortcuts, tool tips, the palette, the sheet of keys and the keyboard page of the documentation all come from
here; `app.actions` turns the table into Qt actions. No Qt in this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

MENUS = ("Run", "Frame", "Label", "Inspect", "View", "Help")
CLASS_KEYS = tuple(range(1, 10))


class Needs(Enum):
    """What has to be there for a command to make sense."""

    NOTHING = "always"
    RUN = "a run is open"
    VERDICTS = "the classes of the run were computed"
    EMBEDDING = "the run was embedded"
    SELECTION = "frames are selected"
    GROWING = "the run is being written"
    PHASING = "a reconstruction is under way"
    RESULT = "a reconstruction is shown"
    DENOISED = "a frame was denoised"


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the user can ask for.

    Attributes:
        id: how the program and the user's settings name it, "menu.verb".
        title: menu text.
        menu: one of `MENUS`.
        keys: default shortcuts in Qt's portable form; the first is the one that menus show.
        help: one sentence for tool tip and documentation.
        needs: when it is enabled.
        checkable: whether it is a state that is on or off.
        section: neighbours in a menu with different sections are parted by a line.
        group: commands of one group exclude each other ("theme", "scaling").
        submenu: title of the submenu it sits in, "" for the menu itself.
        repeats: whether holding the key down repeats it.
        family: True for the nine commands that differ in a digit only; the documentation sums them up in a row.
    """

    id: str
    title: str
    menu: str
    keys: tuple[str, ...] = ()
    help: str = ""
    needs: Needs = Needs.NOTHING
    checkable: bool = False
    section: int = 0
    group: str = ""
    submenu: str = ""
    repeats: bool = False
    family: bool = False


class _Menu:
    """Collects the commands of one menu, so that a row of the table is a line."""

    def __init__(self, title: str, needs: Needs) -> None:
        self.commands: list[Command] = []
        self._title = title
        self._needs = needs
        self._section = 0

    def line(self) -> None:
        """A line parts what follows from what came before."""
        self._section += 1

    def add(self, verb: str, title: str, keys: str, help: str, needs: Needs | None = None, **more: Any) -> None:
        """One command; `keys` are parted by blanks."""
        self.commands.append(
            Command(
                f"{self._title.lower()}.{verb}",
                title,
                self._title,
                tuple(keys.split()),
                help,
                self._needs if needs is None else needs,
                section=self._section,
                **more,
            )
        )


def _run() -> list[Command]:
    m = _Menu("Run", Needs.RUN)
    always = Needs.NOTHING
    m.add("open", "Open file…", "Ctrl+O", "Open a run: CXI, HDF5, NeXus, NPY, NPZ or TIFF.", always)
    m.add("open_folder", "Open folder…", "Ctrl+Shift+O", "Open a folder that is one run.", always)
    m.add("open_runs", "Open folder of runs…", "Ctrl+Alt+O", "List the runs of a folder and its sub-folders.", always)
    m.add("open_demo", "Open the demo run", "", "Simulated frames to try everything on.", always)
    m.add("reload", "Reload", "F5", "Open the file again, to see frames written since.")
    m.add("close", "Close run", "Ctrl+W", "Close the run; everything is saved already.")
    m.add("runs", "Table of runs", "Ctrl+T", "The runs of the folder listed last.", always)
    m.line()
    m.add("info", "Facts of this run", "Ctrl+I", "What the file says of itself and what was assumed.")
    m.add("embed", "Embed run", "", "Compute, in the background, what the classes are told apart by; resumes.")
    m.add("embed_on_open", "Embed runs when opened", "", "Embed a run by itself once open.", always, checkable=True)
    m.add("adapt", "Adapt to this run…", "", "Train a copy of the network on this run's own frames; you choose then.")
    m.add("embedding", "Embeddings of this run…", "", "Compare the embeddings of this run and choose one.")
    m.add("statistics", "Statistics of this run…", "", "Mean, deviation, maximum and lit pixels, also by class.")
    m.add("jobs", "Jobs", "Ctrl+J", "The list of what runs in the background.", always)
    m.line()
    m.add("export_selection", "Export selection…", "Ctrl+E", "Write the selected frames as CXI.", Needs.SELECTION)
    m.line()
    m.add("quit", "Quit", "Ctrl+Q", "Leave; labels are on disk already.", always)
    return m.commands


def _frame() -> list[Command]:
    m = _Menu("Frame", Needs.RUN)
    m.add("next", "Next frame", "Right", "Next frame in the current order.", repeats=True)
    m.add("previous", "Previous frame", "Left", "Previous frame in the current order.", repeats=True)
    m.add("next_10", "10 frames on", "Shift+Right", "Ten frames on in the current order.", repeats=True)
    m.add("previous_10", "10 frames back", "Shift+Left", "Ten frames back in the current order.", repeats=True)
    m.add("next_page", "Filmstrip page on", "PgDown", "As many frames on as the filmstrip shows.", repeats=True)
    m.add("previous_page", "Filmstrip page back", "PgUp", "As many back as the filmstrip shows.", repeats=True)
    m.add("first", "First frame", "Home", "First frame in the current order.")
    m.add("last", "Last frame", "End", "Last frame in the current order.")
    m.line()
    m.add("next_unlabelled", "Next unlabelled", "Ctrl+Right", "Next frame without a label.", repeats=True)
    m.add("previous_unlabelled", "Previous unlabelled", "Ctrl+Left", "Last frame without a label.", repeats=True)
    m.add("next_suggestion", "Next suggestion", "Space", "The frame whose label would teach most.")
    m.add("previous_suggestion", "Previous suggestion", "Shift+Space", "Back to the suggestion before.")
    m.add("random", "Random frame", "R", "Any frame of the run, by chance.")
    m.add("go_to", "Go to…", "G", "Go to a frame by its index or event identifier.")
    m.add(
        "follow", "Follow newest frame", "Shift+End", "Show the newest frame of a run that is being written, always.",
        Needs.GROWING, checkable=True,
    )  # fmt: skip
    m.add("select_by_column", "Select by column…", "Ctrl+F", "Select the frames whose number lies in a range.")
    m.add("play", "Play", "P", "Walk through the frames by itself, ten a second.", checkable=True)
    m.line()
    order: dict[str, Any] = {"checkable": True, "group": "order", "submenu": "Order"}
    sure, near = Needs.VERDICTS, Needs.EMBEDDING
    m.add("order_file", "As in the file", "", "Walk in the order of the file.", **order)
    m.add("order_time", "By time or event", "", "Walk in the order of event time or identifier.", **order)
    m.add("order_confidence", "Least sure first", "", "From the least to the most certain verdict.", sure, **order)
    m.add("order_map", "Most like this frame first", "", "Walk away from this frame on the map.", near, **order)
    m.add("order_selection", "Selected first", "", "The selection, then the rest.", Needs.SELECTION, **order)
    m.add("order_column", "By column…", "", "Walk along a number the file gives per frame.", submenu="Order")
    return m.commands


def _label() -> list[Command]:
    m = _Menu("Label", Needs.RUN)
    selected, verdicts = Needs.SELECTION, Needs.VERDICTS
    give: dict[str, Any] = {"submenu": "Give class", "family": True}
    give_all: dict[str, Any] = {"submenu": "Label selection", "family": True}
    for n in CLASS_KEYS:
        m.add(f"class_{n}", f"Class {n}", f"{n}", f"Give this frame class {n} and go on.", **give)
    m.add("clear", "Clear label", "0", "Take this frame's label away.")
    m.add("allow", "Label despite missing files", "", "Give labels although source files of the run are missing.")
    m.add("unsure", "Unsure", "U", "Looked at but undecided; go on.")
    m.add("accept", "Accept verdict", "Return Enter", "Make the verdict this frame's label and go on.", verdicts)
    m.line()
    for n in CLASS_KEYS:
        m.add(f"selection_{n}", f"Class {n}", f"Ctrl+{n}", f"Give the selection class {n}.", selected, **give_all)
    m.add("accept_selection", "Accept verdicts of selection", "Ctrl+Return", "Label the selection so.", verdicts)
    m.line()
    m.add("undo", "Undo", "Ctrl+Z", "Take the last labelling back, also after a restart.", repeats=True)
    m.add("redo", "Redo", "Ctrl+Shift+Z Ctrl+Y", "Do again what was undone.", repeats=True)
    m.add("advance", "Advance after a label", "", "Go on when a class was given.", Needs.NOTHING, checkable=True)
    m.line()
    m.add("add_class", "Add class…", "", "Make a class: a name, a colour and a key.")
    m.add(
        "annotator", "Your name…", "", "Whom the labels you give are by, where several use one login.", Needs.NOTHING
    )
    m.line()
    m.add("classifier", "Classifier…", "", "What the frames are sorted by, and its settings.")
    m.add("trust", "Trust the verdicts?", "", "How often verdicts of stated confidence are right.", verdicts)
    m.add("keep", "Frames to keep", "K", "Precision and yield of every threshold for the class to keep.", verdicts)
    m.add("select_kept", "Select kept frames", "Shift+K", "Select what lies above the threshold.", verdicts)
    m.line()
    m.add("import", "Import labels…", "", "Read a label table, Friedel's or SpeckleNN's, or CXI tags.")
    m.add("export", "Export labels…", "", "Write all labels as a table, Friedel's or SpeckleNN's.")
    return m.commands


def _inspect() -> list[Command]:
    m = _Menu("Inspect", Needs.RUN)
    running = Needs.PHASING
    m.add("denoise", "Denoise this frame", "Ctrl+D", "Expected photons of this frame beside the counted ones, live.")
    m.add("denoise_frames", "Denoise frames…", "Ctrl+Shift+D", "Denoise frames, a class or the run into a file.")
    m.add("adapt_denoiser", "Adapt denoiser to this run…", "", "Train a copy of it on this run's own photons.")
    m.add("use_adapted_denoiser", "Use adapted denoiser", "", "Denoise with the weights adapted to this run last.")
    m.add(
        "phase_denoised", "Phase the denoised frame", "", "Reconstruct from denoised rates, marked as such.",
        Needs.DENOISED,
    )  # fmt: skip
    m.add("phase_counts", "Phase measured counts", "", "Reconstruct from counts again in place of denoised rates.")
    m.line()
    m.add("calibration", "Calibration", "Ctrl+K", "From stored values to photons: pedestal, common mode, gain.")
    m.add("geometry", "Geometry", "Ctrl+Shift+G", "Where the pixels are: panels, distance, energy, beam centre.")
    m.add("mask", "Draw a mask", "Shift+M", "Which pixels are not used: the file's mask, and yours.")
    m.add("save_treatment", "Save treatment…", "", "Calibration, geometry and mask in a file, for other runs.")
    m.add("load_treatment", "Load treatment…", "", "Treat the frames as a file says that was saved.")
    m.add("treat_back", "Undo treatment", "", "Calibration, geometry and mask as before the last change.")
    m.line()
    m.add("reconstruct", "Reconstruct this frame", "Ctrl+R", "Phase this frame with the chosen recipe, and watch.")
    m.add("phase", "Phase pane", "Shift+R", "Show preparation, recipe, reconstruction and results of this frame.")
    m.line()
    m.add("pause", "Pause or go on", "F8", "Hold the running starts, or let them go on.", running)
    m.add("step", "Step", "F9", "One iteration of every start, then pause.", running, repeats=True)
    m.add("stop", "Stop", "Shift+F8", "End the starts and keep what there is.", running)
    m.line()
    m.add("export_result", "Export result…", "", "Write the result on screen as CXI, NPY, PNG or TIFF.", Needs.RESULT)
    m.add("repeat", "Repeat result", "", "Run again with recipe and seed of the result on screen.", Needs.RESULT)
    m.add("reconstruct_volume", "Reconstruct the run as a volume", "", "Phase a Bragg peak scanned in 3-D.")
    return m.commands


def _view() -> list[Command]:
    m = _Menu("View", Needs.RUN)
    always, near = Needs.NOTHING, Needs.EMBEDDING
    scaling: dict[str, Any] = {"checkable": True, "group": "scaling", "submenu": "Intensity scaling"}
    theme: dict[str, Any] = {"needs": always, "checkable": True, "group": "theme", "submenu": "Theme"}
    m.add("cycle_scaling", "Next intensity scaling", "L", "Linear, square root, log and arcsinh in turn.")
    m.add("scaling_linear", "Linear", "", "Colour in proportion to intensity.", **scaling)
    m.add("scaling_sqrt", "Square root", "", "Colour by the square root: even noise at all counts.", **scaling)
    m.add("scaling_log", "Logarithmic", "", "Colour by the logarithm.", **scaling)
    m.add("scaling_arcsinh", "Inverse hyperbolic sine", "", "Linear near zero, logarithmic above.", **scaling)
    m.add("auto_levels", "Auto levels", "A", "Levels follow each frame; off: they stay.", checkable=True)
    m.add("cycle_colour_map", "Next colour map", "C", "The colour maps in turn.")
    m.add("fit", "Fit frame", "F", "Zoom so that the whole frame is seen.")
    m.line()
    m.add("mask", "Mask", "M", "Hatch masked and missing pixels.", checkable=True)
    m.add("rings", "Resolution rings", "O", "Rings of equal resolution round the beam centre.", checkable=True)
    m.add("thumbnails", "Thumbnails", "T", "Show or hide the filmstrip.", checkable=True)
    m.line()
    m.add("pca", "PCA map", "", "Lay the map out by the two principal components.", near)
    m.add("umap", "UMAP map…", "", "Lay the map out by UMAP, in the background.", near)
    m.add("lasso", "Lasso", "S", "Take the lasso to select frames on the map, or put it down.", near)
    m.add("clear_selection", "Clear selection", "Esc", "Leave the lasso, then clear the selection.")
    m.line()
    m.add("theme_system", "Like the system", "", "Light or dark as the system is.", **theme)
    m.add("theme_light", "Light", "", "Light colours.", **theme)
    m.add("theme_dark", "Dark", "", "Dark colours.", **theme)
    m.add("verdicts_apart", "Verdicts in a window", "", "Verdicts in their own window, and back.", checkable=True)
    m.add("denoise_apart", "Denoise in a window", "", "Denoise in its own window, and back.", checkable=True)
    m.add("phase_apart", "Phase in a window", "", "Phase in its own window, and back.", checkable=True)
    m.add("detector_apart", "Detector in a window", "", "Detector in its own window, and back.", checkable=True)
    m.add("full_screen", "Full screen", "F11", "Fill the screen.", always, checkable=True)
    m.add("reset_layout", "Reset layout", "", "Put all panes back where they were at first.", always)
    return m.commands


def _help() -> list[Command]:
    m = _Menu("Help", Needs.NOTHING)
    m.add("keys", "Keys", "? F1", "The sheet of all keys, where they can be changed.")
    m.add("palette", "Command palette…", "Ctrl+Shift+P", "Find any command by typing part of its name.")
    m.line()
    m.add("log", "Open log", "", "Show the file that says in detail what happened.")
    m.line()
    m.add("about", "About Friedel", "", "Version, licence and the libraries in use.")
    return m.commands


COMMANDS: tuple[Command, ...] = (*_run(), *_frame(), *_label(), *_inspect(), *_view(), *_help())
BY_ID: Mapping[str, Command] = {command.id: command for command in COMMANDS}


def keys_of(command: Command, overrides: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The command's shortcuts: the user's where there are any (possibly none), else the default."""
    own = overrides.get(command.id)
    return command.keys if own is None else tuple(own)


def clashes(overrides: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Key sequences given to more than one command, with the commands' ids."""
    users: dict[str, list[str]] = {}
    for command in COMMANDS:
        for key in keys_of(command, overrides):
            users.setdefault(key, []).append(command.id)
    return {key: ids for key, ids in users.items() if len(ids) > 1}


def take_key(overrides: dict[str, list[str]], command_id: str, key: str) -> list[str]:
    """Give a command this one key ("" for none), and take the key from whatever had it: two would both do nothing.

    Returns:
        the titles of the commands that had it.
    """
    robbed = []
    for command in COMMANDS:
        keys = keys_of(command, overrides)
        if key and command.id != command_id and key in keys:
            overrides[command.id] = [other for other in keys if other != key]
            robbed.append(command.title)
    overrides[command_id] = [key] if key else []
    return robbed


_SHOWN = {"Right": "→", "Left": "←", "Up": "↑", "Down": "↓", "Return": "Enter", "PgDown": "PgDn", "Space": "Space"}


def shown_key(sequence: str) -> str:
    """A key sequence as people write it: "Shift+→"."""
    if sequence == "+":
        return sequence
    return "+".join(_SHOWN.get(part, part) for part in sequence.split("+"))


def as_markdown(commands: Iterable[Command] = COMMANDS) -> str:
    """The keyboard page of the documentation."""
    lines = [
        "# Commands and keys",
        "",
        "Every command is in a menu and in the command palette (Ctrl+Shift+P). Keys work wherever the focus is,",
        "except while text is typed. Help → Keys changes them. This page is made from `app/commands.py`.",
    ]
    chosen = list(commands)
    for menu in MENUS:
        lines += ["", f"## {menu}", "", "| key | command | what it does |", "|---|---|---|"]
        for command in chosen:
            if command.menu == menu and (not command.family or command.id.endswith("_1")):
                keys = ", ".join(f"`{shown_key(key)}`" for key in command.keys)
                title = f"{command.submenu} → {command.title}" if command.submenu else command.title
                if command.family:
                    keys, title = f"{keys} … `{shown_key(command.keys[0].replace('1', '9'))}`", f"{title} … 9"
                lines.append(f"| {keys} | {title} | {command.help} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(as_markdown())
