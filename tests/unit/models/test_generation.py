from spillover.models.generation import generate_replies
from spillover.models.letters import score_options
from spillover.tasks.scoring import parse_reply


def test_batched_replies_equal_those_one_by_one(base, encoded):
    together = generate_replies(base, encoded, 8)
    assert [generate_replies(base, [each], 8)[0] for each in encoded[::5]] == together[::5]


def test_both_protocols_agree(base, encoded):
    letters = [
        each.prompt.options[s.index(max(s))] for each, s in zip(encoded, score_options(base, encoded), strict=True)
    ]
    replies = [
        parse_reply(reply.text, each.prompt.options).answer
        for reply, each in zip(generate_replies(base, encoded, 8), encoded, strict=True)
    ]
    agreement = sum(a == b for a, b in zip(letters, replies, strict=True)) / len(letters)
    assert agreement >= 0.98


def test_a_reply_that_has_not_ended_at_the_limit_is_cut(base, encoded):
    """The tiny model writes its letter as one token, and then ends its turn."""
    assert [reply.is_cut for limit in (1, 8) for reply in generate_replies(base, encoded[:1], limit)] == [True, False]
