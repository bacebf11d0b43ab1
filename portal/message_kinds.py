"""The kinds of mail: how each is rendered, whom its acceptance is told to, what follows when ops send one anew."""

from portal import forwarding
from portal.catalogue import invitations, reports, succession
from portal.forwarding import confirmation, letter, reminder, second, silence, smaller
from portal.mail.delivery import Kind

KINDS = {
    forwarding.KIND: Kind(
        letter.render,
        accepted=second.passed,
        failing=second.failing,
        waiting=second.stop_if_reached,
        arrived=second.arrived,
        resent=forwarding.intended_again,
        too_large=smaller.too_large,
        wants_success=True,
    ),
    confirmation.KIND: Kind(confirmation.render, resent=confirmation.sent_again),
    confirmation.RELEASE: Kind(confirmation.render_release, resent=confirmation.sent_again),
    confirmation.ANSWERED: Kind(confirmation.render_answered, resent=confirmation.answered_again),
    reminder.KIND: Kind(reminder.render),
    silence.KIND: Kind(silence.render),
    invitations.KIND: Kind(invitations.render),
    succession.KIND: Kind(succession.render),
    succession.REFUSED: Kind(succession.render_refused),
    reports.KIND: Kind(reports.render),
}
