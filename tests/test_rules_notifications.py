"""A bucket's event goes to the notifications for its name and key, and to no two for the same."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.model import StringShape
from hypothesis import given
from hypothesis import strategies as st

from eventsim.push.builders import builders
from eventsim.rules.notifications import (
    EVENT_NAMES,
    EVENT_PATTERNS,
    Notification,
    matching,
    refuse,
)
from tests.event_building import scene


def notification(*events: str, prefix: str = "", suffix: str = "") -> Notification:
    return Notification("n", "function", events, prefix, suffix)


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("s3:ObjectCreated:*", "ObjectCreated:Put", True),
        ("s3:ObjectCreated:*", "s3:ObjectCreated:CompleteMultipartUpload", True),
        ("s3:ObjectCreated:*", "ObjectRemoved:Delete", False),
        ("s3:ObjectCreated:Put", "ObjectCreated:Post", False),
        ("s3:ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated", False),
        ("s3:LifecycleTransition", "LifecycleTransition", True),
    ],
)
def test_a_star_stands_for_all_events_of_a_kind(pattern: str, name: str, matches: bool) -> None:
    assert notification(pattern).matches(name, "key") is matches


@pytest.mark.parametrize(
    ("prefix", "suffix", "key", "matches"),
    [
        ("images/", "", "images/a.jpg", True),
        ("images/", "", "thumbnails/images/a.jpg", False),
        ("", ".jpg", "a.jpg", True),
        ("", ".jpg", "a.JPG", False),
        ("images/", ".jpg", "images/a.png", False),
        ("red f", "r.jpg", "red flower.jpg", True),
    ],
)
def test_a_key_begins_with_the_prefix_and_ends_in_the_suffix(
    prefix: str, suffix: str, key: str, matches: bool
) -> None:
    each = notification("s3:ObjectCreated:*", prefix=prefix, suffix=suffix)
    assert each.matches("ObjectCreated:Put", key) is matches


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        (notification("s3:ObjectCreated:Put"), notification("s3:ObjectCreated:*"), True),
        (notification("s3:ObjectCreated:Put"), notification("s3:ObjectCreated:Post"), False),
        (
            notification("s3:ObjectCreated:*", prefix="a/"),
            notification("s3:ObjectCreated:*", prefix="b/"),
            False,
        ),
        (
            notification("s3:ObjectCreated:*", prefix="a/", suffix=".jpg"),
            notification("s3:ObjectCreated:*", prefix="a/b/", suffix=".png"),
            False,
        ),
        (
            notification("s3:ObjectCreated:*", prefix="a/", suffix=".jpg"),
            notification("s3:ObjectCreated:*", prefix="a/b/", suffix="r.jpg"),
            True,
        ),
    ],
)
def test_two_that_match_the_same_are_refused(
    one: Notification, other: Notification, code: bool
) -> None:
    refusal = refuse([one, other])
    assert (refusal.code if refusal else None) == ("InvalidArgument" if code else None)


@pytest.mark.parametrize("name", ["s3:ObjectCreated:Puts", "ObjectCreated:Put", "s3:*"])
def test_an_event_that_s3_does_not_have_is_refused(name: str) -> None:
    refusal = refuse([notification(name)])
    assert refusal is not None
    assert refusal.code == "MalformedXML"
    assert name in refusal.message


configurations = st.lists(
    st.builds(
        Notification,
        st.just("n"),
        st.just("f"),
        st.lists(st.sampled_from(EVENT_NAMES[:6] + EVENT_PATTERNS[:2]), min_size=1).map(tuple),
        st.text("ab", max_size=2),
        st.text("ab", max_size=2),
    ),
    max_size=3,
)


@given(configurations, st.sampled_from(EVENT_NAMES[:6]), st.text("ab", max_size=6))
def test_of_a_configuration_that_s3_takes_one_notification_at_most_gets_an_event(
    notifications: list[Notification], name: str, key: str
) -> None:
    if refuse(notifications) is None:
        assert len(matching(notifications, name, key)) <= 1


def test_the_events_that_can_be_asked_for_are_those_of_the_api() -> None:
    api = botocore.session.get_session().get_service_model("s3").shape_for("Event")
    assert isinstance(api, StringShape)
    assert sorted([*EVENT_NAMES, *EVENT_PATTERNS]) == sorted(api.enum)


def test_all_of_them_are_built_but_for_those_whose_form_no_page_shows() -> None:
    built = [
        f"s3:{each.event(scene())['Records'][0]['eventName']}"
        for name, each in builders("s3").items()
        if name != "test-event"
    ]
    assert set(EVENT_NAMES) - set(built) == {
        "s3:ObjectAnnotation:Put",
        "s3:ObjectAnnotation:Delete",
    }
    assert len(built) == len(set(built))
