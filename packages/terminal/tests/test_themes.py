"""The themes can be read: contrast as WCAG 2 counts it, at least 4.5 to 1 for text."""

from __future__ import annotations

import re

import pytest

from nuncius.terminal.themes import STYLES, choose_theme

#: The backgrounds of terminals: the extremes, and those of common color schemes.
GROUNDS = {
    "dark": ("#000000", "#1e1e1e", "#002b36"),
    "light": ("#ffffff", "#fafafa", "#fdf6e3"),
}

#: What stands on a ground of its own, or is set apart from what was typed by being fainter.
FAINT = {"auto-suggestion": 3.0}


def luminance(color: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", GROUNDS)
def test_each_color_can_be_read_on_the_grounds_that_its_theme_is_for(theme: str) -> None:
    weak = []
    for name, rule in STYLES[theme].items():
        own = re.findall(r"bg:(#\w{6})", rule)
        for color in re.findall(r"(?<!bg:)#\w{6}", rule):
            for ground in own or GROUNDS[theme]:
                found = contrast(color, ground)
                if found < FAINT.get(name, 4.5):
                    weak.append((name, color, ground, round(found, 2)))
    assert weak == []


def test_the_environment_says_what_the_ground_is() -> None:
    assert choose_theme("auto", {"TERM": "xterm"}) == "auto"
    assert choose_theme("auto", {"COLORFGBG": "0;15"}) == "light"
    assert choose_theme("auto", {"COLORFGBG": "0;default;15"}) == "light"
    assert choose_theme("auto", {"COLORFGBG": "15;0"}) == "auto"
    assert choose_theme("auto", {"COLORFGBG": "15;default"}) == "auto"
    assert choose_theme("light", {"COLORFGBG": "15;0"}) == "light"
    assert choose_theme("light", {"NO_COLOR": "1"}) == "none"
    assert choose_theme("dark", {"TERM": "dumb"}) == "none"
