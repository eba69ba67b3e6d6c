import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_controller.bus.access import Kind, Member, covers, format_acl
from lab_controller.bus.topics import Topic, format_topic, matches, parse_topic
from lab_controller.errors import Invalid

ids = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,4})?", fullmatch=True)
topics = st.one_of(
    st.builds(Topic, ids, st.sampled_from(["state", "description"])),
    st.builds(lambda d, k, p: Topic(d, k, prop=p), ids, st.sampled_from(["log", "alert"]), ids),
    st.builds(Topic, ids, st.sampled_from(["value", "set", "target"]), ids, ids),
    st.builds(lambda p: Topic("$broadcast", "broadcast", prop=p), ids),
)
levels = st.sampled_from(["a", "b", "+"])
filters = st.builds(
    lambda parts, tail: "/".join([*parts, *tail]),
    st.lists(levels, min_size=1, max_size=4),
    st.sampled_from([[], ["#"]]),
)
names = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=5).map("/".join)


@given(topics)
def test_a_topic_reads_back_as_what_was_written(topic: Topic) -> None:
    assert parse_topic(format_topic(topic)) == topic


@given(st.text())
def test_any_other_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_topic("lab/5/x y/" + text)
    assert raised.value.code == "topic_unknown"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lab/5",
        "lab/5/",
        "lab/5/gate",
        "lab/5/Gate/$state",
        "lab/5/gate/$other",
        "lab/5/gate/a/b/get",
        "lab/5/gate/a/b/set/x",
        "lab/5/$broadcast",
        "homie/5/gate/$state",
        "lab/5/gate-/a/b",
        "lab/5/gate/a/" + "b" * 65,
        "lab/5/gate//b",
        "lab/5/gate/+/b",
    ],
)
def test_what_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_topic(text)


@given(filters, filters, names)
def test_a_filter_covers_another_only_if_it_takes_in_all_its_topics(
    outer: str, inner: str, name: str
) -> None:
    if covers(outer, inner) and matches(inner, name):
        assert matches(outer, name)


GATE = Member("gate-a1b2c3", Kind.DEVICE)
AGENT = Member("agent-room-1", Kind.AGENT)
HUB = Member("lab-hub-0", Kind.HUB)


@pytest.mark.parametrize(
    ("member", "topic", "allowed"),
    [
        (GATE, "lab/5/gate-a1b2c3/gate/passage", True),
        (GATE, "lab/5/gate-a1b2c3/$state", True),
        (GATE, "lab/5/gate-ffffff/gate/passage", False),
        (GATE, "lab/5/gate-a1b2c3/gate/committed/set", False),
        (GATE, "lab/5/gate-a1b2c3/gate/armed/$target", False),
        (GATE, "lab/5/$broadcast/alarm", False),
        (GATE, "other/topic", False),
        (AGENT, "lab/5/gate-a1b2c3/gate/passage", True),
        (AGENT, "lab/5/gate-a1b2c3/gate/arm/set", False),
        (AGENT, "lab/5/lab-hub-0/changes/keys", False),
        (HUB, "lab/5/gate-a1b2c3/gate/arm/set", True),
        (HUB, "lab/5/lab-hub-0/changes/keys", True),
        (HUB, "elsewhere", False),
    ],
)
def test_everyone_publishes_only_what_is_theirs(member: Member, topic: str, allowed: bool) -> None:
    assert member.may_publish(topic) is allowed


@pytest.mark.parametrize(
    ("member", "topic_filter", "allowed"),
    [
        (GATE, "lab/5/gate-a1b2c3/#", True),
        (GATE, "lab/5/gate-a1b2c3/+/+/set", True),
        (GATE, "lab/5/+/+/+/set", False),
        (GATE, "lab/5/#", False),
        (GATE, "#", False),
        (GATE, "$SYS/#", False),
        (AGENT, "lab/5/+/+/+/set", True),
        (AGENT, "lab/5/gate-a1b2c3/gate/arm/set", True),
        (AGENT, "lab/5/+/gate/passage", False),
        (HUB, "lab/5/+/+/+", True),
    ],
)
def test_everyone_hears_only_what_is_theirs(member: Member, topic_filter: str, allowed: bool) -> None:
    assert member.may_subscribe(topic_filter) is allowed


def test_mosquitto_gets_the_same_rules() -> None:
    assert format_acl([HUB, AGENT, GATE]).splitlines()[1:] == [
        "",
        "user lab-hub-0",
        "topic readwrite lab/5/#",
        "topic read $SYS/#",
        "",
        "user agent-room-1",
        "topic deny lab/5/$broadcast/#",
        "topic deny lab/5/lab-hub-0/#",
        "topic write lab/5/+/+",
        "topic write lab/5/+/+/+",
        "topic read lab/5/+/+/+/set",
        "",
        "user gate-a1b2c3",
        "topic write lab/5/gate-a1b2c3/+",
        "topic write lab/5/gate-a1b2c3/+/+",
        "topic read lab/5/gate-a1b2c3/#",
        "topic read lab/5/$broadcast/#",
    ]
